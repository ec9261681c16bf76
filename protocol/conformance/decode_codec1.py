#!/usr/bin/env python3
"""Checks protocol/vectors/codec1.json with a decoder written from the specification alone.

    python3 protocol/conformance/decode_codec1.py [FILE]

Implements codec 1 of protocol/spec/snapshot.md (§9) with nothing but the standard library and decode_snapshot.py beside it. Prints each
vector that does not hold and a line with the counts; exits with 1 when there was any, else with 0.
"""

import json
import math
import pathlib
import random
import sys

from decode_snapshot import Refused, Schema, apply as apply_codec0, outcome, state_hash, varint

WHOLE, STEADY, JUMP = range(3)
LIMIT = (1 << 32) - 1


def toward_zero(number, divisor):
    """The quotient without its fraction (§9)."""
    return number // divisor if number >= 0 else -(-number // divisor)


def limited(number, low, high):
    return min(max(number, low), high)


def symbol_count(most):
    """count(M) of §9.2."""
    if most < 8:
        return 2 * most + 1
    b = most.bit_length() - 1
    return 15 + 4 * (b - 3) + 2 * (most >> (b - 1) & 1) + 2


def meaning(symbol):
    """Of the numbers that share a symbol, the one with the smallest magnitude, and how many there are (§9.2)."""
    if symbol < 15:
        return (symbol + 1) // 2 if symbol % 2 else -(symbol // 2), 1
    rest = symbol - 15
    width = 1 << (rest >> 2) + 2
    magnitude = (2 + (rest >> 1 & 1)) * width
    return -magnitude if rest % 2 else magnitude, width


def weight(purpose, index, symbol):
    """How much a symbol of a table is expected in any game (§9.8)."""
    first, width = meaning(symbol)
    if purpose == "numbers":
        scale = 0.3 + 2.0 ** max(index % 10, index % 90 // 10 - 2) / 8
        distance = (abs(first) + (width - 1) / 2) / scale
        return width / (1 + distance * distance * distance)
    if purpose == "count":
        return 0 if first < 0 else width / (2 + first)
    return {
        "largest": [60 if index > 3 else 6, 1, 1, 1], "touched": [1, 9] if index == 0 else [9, 1],
        "flags": [1, 2 + 2 * index]}[purpose][symbol]


def generic_table(purpose, index, symbols):
    """The frequencies of a generic table (§9.8)."""
    weights = [weight(purpose, index, symbol) for symbol in range(symbols)]
    total = 0.0
    for part in weights:
        total += part
    parts = [1 + math.floor(part / total * (16384 - symbols)) for part in weights]
    parts[parts.index(max(parts))] += 16384 - sum(parts)
    return parts


def varint_bytes(number):
    data = []
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    return data + [number]


def generic_tables(schema):
    """The bytes of the tables that serve any game of a schema (§9.8)."""
    data = [1, *schema.hash.to_bytes(8, "little")]

    def add(purpose, count, symbols):
        written = []
        for index in range(count):
            parts = generic_table(purpose, index, symbols)
            if parts in written:
                data.extend([0, *varint_bytes(written.index(parts))])
                continue
            written.append(parts)
            listed = max((place for place, part in enumerate(parts) if part > 1), default=0) + 1
            for number in [listed, *(part - 1 for part in parts[:listed])]:
                data.extend(varint_bytes(number))

    for _, _, fields in schema.types:
        for mode in (WHOLE, STEADY, JUMP):
            for field in fields:
                if field.name == "quat":
                    add("numbers", 270, symbol_count(field.part_maximum))
                    add("largest", 8, 4)
                else:
                    add("numbers", 90, symbol_count((field.maximum + 1) // 2 if field.name == "angle" else field.maximum))
            if mode != WHOLE:
                add("touched", 2, 2)
                add("flags", 10, 2)
                add("count", 1, symbol_count(65536))
        add("count", 2, symbol_count(65535))
    return bytes(data)


class Tables:
    """The tables of a schema by which messages are coded (§9.3, §9.4); a ValueError when the bytes are none of that schema."""

    def __init__(self, data, schema):
        if data[:1] != b"\x01" or data[1:9] != schema.hash.to_bytes(8, "little"):
            raise ValueError("not tables of this schema")
        self.data, self.offset = data, 9
        self.hash = 0xCBF29CE484222325
        for byte in data:
            self.hash = (self.hash ^ byte) * 0x100000001B3 % (1 << 64)
        self.types = []
        for _, _, fields in schema.types:
            modes = [self._mode(fields, mode) for mode in (WHOLE, STEADY, JUMP)]
            self.types.append((modes, self._family(2, symbol_count(65535))))
        if self.offset != len(data):
            raise ValueError("bytes behind the tables")

    def _mode(self, fields, mode):
        families = {"fields": []}
        for field in fields:
            if field.name == "quat":
                numbers = self._family(270, symbol_count(field.part_maximum))
                families["fields"].append((numbers, self._family(8, 4)))
            else:
                most = (field.maximum + 1) // 2 if field.name == "angle" else field.maximum
                families["fields"].append((self._family(90, symbol_count(most)), None))
        if mode != WHOLE:
            families["touched"] = self._family(2, 2)
            families["flags"] = self._family(10, 2)
            families["gap"] = self._family(1, symbol_count(65536))
        return families

    def _varint(self):
        value, self.offset = varint(self.data, self.offset, "badNumber")
        return value

    def _family(self, count, symbols):
        family, written = [], []
        for _ in range(count):
            length = self._varint()
            if length == 0:
                place = self._varint()
                if place >= len(written):
                    raise ValueError("like a table that is not there")
                family.append(written[place])
                continue
            if length > symbols:
                raise ValueError("more frequencies than symbols")
            frequencies = [self._varint() + 1 for _ in range(length)] + [1] * (symbols - length)
            starts = [0]
            for frequency in frequencies:
                starts.append(starts[-1] + frequency)
            if starts[-1] != 1 << 14:
                raise ValueError("frequencies that are not 16384 together")
            family.append(starts)
            written.append(starts)
        return family


class RangeDecoder:
    """Reads symbols and bits (§9.1) and numbers (§9.2)."""

    def __init__(self, data, offset):
        self.data, self.position = data, offset
        self.range, self.code = LIMIT, 0
        for _ in range(4):
            self.code = self.code << 8 | self._byte()

    def _byte(self):
        byte = self.data[self.position] if self.position < len(self.data) else 0
        self.position += 1
        return byte

    def check(self):
        if self.position > len(self.data) + 4:
            raise Refused("truncated")

    def end(self):
        self.check()
        if self.position < len(self.data):
            raise Refused("trailingBytes")

    def _normalise(self):
        while self.range < 1 << 24:
            self.code = (self.code << 8 | self._byte()) & LIMIT
            self.range = self.range << 8 & LIMIT

    def symbol(self, starts):
        unit = self.range >> 14
        symbol = 0
        while symbol < len(starts) - 2 and self.code >= unit * starts[symbol + 1]:
            symbol += 1
        self.code = (self.code - unit * starts[symbol]) & LIMIT
        self.range = unit * (starts[symbol + 1] - starts[symbol])
        self._normalise()
        return symbol

    def bits(self, width):
        value = 0
        while width > 0:
            taken = min(width, 16)
            width -= taken
            self.range >>= taken
            part = min(self.code // self.range, (1 << taken) - 1)
            self.code = (self.code - part * self.range) & LIMIT
            value = value << taken | part
            self._normalise()
        return value

    def number(self, starts):
        symbol = self.symbol(starts)
        if symbol < 15:
            return (symbol + 1) // 2 if symbol % 2 else -(symbol // 2)
        rest = symbol - 15
        width = (rest >> 2) + 2
        magnitude = ((2 + (rest >> 1 & 1)) << width) + self.bits(width)
        return -magnitude if rest % 2 else magnitude

    def count(self, starts):
        """A number that is not below 0 (§9.7)."""
        number = self.number(starts)
        if number < 0:
            raise Refused("badNumber")
        return number


def wrap(field, difference):
    """§9.5."""
    if field.name != "angle":
        return difference
    turn = field.maximum + 1
    difference %= turn
    return difference - turn if difference > turn // 2 else difference


class Rotation:
    """A quat's value as four whole numbers and back (§9.6)."""

    @staticmethod
    def parts(field, value):
        bits, most = field.part_bits, field.part_maximum
        index = value >> 3 * bits
        return index, [value >> bits * place & most for place in (2, 1, 0)]

    @staticmethod
    def four(field, value):
        index, parts = Rotation.parts(field, value)
        most = field.part_maximum
        numbers = [8 * (2 * part - most) for part in parts]
        rest = 2 * (8 * most) ** 2 - sum(number * number for number in numbers)
        numbers.insert(index, math.floor(math.sqrt(max(rest, 0)) + 0.5))
        return numbers


def dot(left, right):
    return sum(a * b for a, b in zip(left, right))


class RowDecoder:
    """Rows of one type in one mode (§9.5)."""

    def __init__(self, coder, fields, families, ticks=0, steps=0, tables=None):
        self.coder, self.fields, self.families = coder, fields, families
        self.ticks, self.steps, self.is_new = ticks, steps, ticks == 0
        self.start = 0  # By how much the first field of the new row before was off (§9.7).
        self.tables = tables  # Of the baseline, and those of the result as far as they are known.

    def row(self, base, before):
        self.error, self.sum = self.speed(base, before), 0
        if self.is_new:
            self.error, self.sum = self.start, self.start >> 3
        row = []
        for place, field in enumerate(self.fields):
            tables, largest = self.families["fields"][place]
            if largest is None:
                row.append(self._number(field, tables, base[place], before[place], self._pull(field, base)))
            else:
                row.append(self._rotation(field, tables, largest, base[place], before[place]))
            self.error = self.sum
            if place == 0 and self.is_new:
                self.start = self.sum - (self.start >> 3)
        return row

    def speed(self, base, before):
        """§9.7."""
        speed = 0
        for field, now, old in zip(self.fields, base, before):
            if field.name != "quat":
                speed += abs(wrap(field, now - old))
            elif now != old:
                (index, parts), (other, others) = Rotation.parts(field, now), Rotation.parts(field, old)
                speed += sum(abs(a - b) for a, b in zip(parts, others)) if index == other else 16
        return speed

    def _carried(self, step):
        if self.is_new or self.steps == self.ticks:
            return step
        if self.steps == 0 or self.ticks > 16:
            return 0
        magnitude = (2 * abs(step) * self.ticks + self.steps) // (2 * self.steps)
        return -magnitude if step < 0 else magnitude

    def _difference(self, tables, expected, step, maximum, turn=None):
        table = 10 * min(abs(step).bit_length(), 8) + min(self.error.bit_length(), 9)
        number = self.coder.number(tables[table])
        self.sum += abs(number)
        value = expected - number if step < 0 else expected + number
        if turn:
            return value % turn
        if not 0 <= value <= maximum:
            raise Refused("valueOutOfRange")
        return value

    def _pull(self, field, base):
        """How far the field's parent has moved; None where there is none in both states."""
        if field.link is None or self.is_new:
            return None
        reference, owner, column = field.link
        rows = [dict(zip(tables[owner]["ids"], tables[owner]["rows"])).get(base[reference] - 1) for tables in self.tables]
        return None if None in rows else wrap(field, rows[1][column] - rows[0][column])

    def _number(self, field, tables, base, before, pull):
        step = wrap(field, base - before) if pull is None else pull
        turn = field.maximum + 1 if field.name == "angle" else None
        expected = base
        if field.is_linear or field.link and not self.is_new:
            expected = base + (self._carried(step) if pull is None else pull)
            expected = expected % turn if turn else limited(expected, 0, field.maximum)
        return self._difference(tables, expected, step, field.maximum, turn)

    def _rotation(self, field, tables, largest, base, before):
        most = field.part_maximum
        now = Rotation.four(field, base)
        goal = now
        if field.is_linear and base != before and not self.is_new:
            goal = self._carry(field, now, Rotation.four(field, before))
        now, goal = list(now), list(goal)
        sizes = [abs(number) for number in goal]
        likely = sizes.index(max(sizes))
        margin = sizes[likely] - max(size for place, size in enumerate(sizes) if place != likely) >> 4
        symbol = self.coder.symbol(largest[min(margin.bit_length(), 7)])
        index = likely if symbol == 0 else symbol - 1 if symbol <= likely else symbol
        if goal[index] < 0:
            now, goal = [-number for number in now], [-number for number in goal]
        value, step = index, 0
        for order, place in enumerate(place for place in range(4) if place != index):
            if self.is_new:
                expected = (most + 1) // 2
                step = 0 if order == 0 else part - expected
            else:
                expected = limited((goal[place] + 8 * most + 8) >> 4, 0, most)
                step = toward_zero(goal[place] - now[place], 16)
            part = self._difference(tables[90 * order:], expected, step, most)
            self.error = self.sum
            value = value << field.part_bits | part
        return value

    def _carry(self, field, now, old):
        if dot(now, old) < 0:
            old = [-number for number in old]
        repetitions = 0
        if self.steps == self.ticks:
            repetitions = 1
        elif self.steps and self.ticks <= 16:
            repetitions = (self.ticks + self.steps // 2) // self.steps
        if repetitions == 0:
            return [a + self._carried(a - b) for a, b in zip(now, old)]
        square = 2 * (8 * field.part_maximum) ** 2
        cosine = min((dot(now, old) * (1 << 17) + square // 2) // square, 1 << 17)
        ours, theirs = cosine, 1 << 16
        for _ in range(repetitions - 1):
            ours, theirs = (cosine * ours + 32768 >> 16) - theirs, ours
        return [limited(ours * a - theirs * b + 32768 >> 16, -16383, 16383) for a, b in zip(now, old)]


def read_ids(coder, tables):
    """§9.7, as are the functions below."""
    count = coder.count(tables[0])
    if count > 65535:
        raise Refused("badIdentifiers")
    ids, least = [], 0
    for _ in range(count):
        number = least + coder.count(tables[1])
        coder.check()
        if number > 65535:
            raise Refused("badIdentifiers")
        ids.append(number)
        least = number + 1
    return ids


def read_new_rows(coder, fields, families, count):
    decoder = RowDecoder(coder, fields, families)
    zeros = [0] * len(fields)
    base, held, last, rows = zeros, zeros, zeros, []
    for _ in range(count):
        before = []
        for field, value, step in zip(fields, base, held):
            is_carried = field.is_linear and field.name != "quat" and 0 <= value - step <= field.maximum
            before.append(value - step if is_carried else value)
        row = decoder.row(base, before)
        coder.check()
        steps = [now - old for now, old in zip(row, base)]
        held = [step if step == old else kept for step, old, kept in zip(steps, last, held)]
        base, last = row, steps
        rows.append(row)
    return rows


def read_kept_rows(decoder, coder, families, ids, base, before):
    rows = [base[entity] for entity in ids]
    if not decoder.fields:
        return rows
    olds = [before.get(entity, row) for entity, row in zip(ids, rows)]
    resting = [place for place, row in enumerate(rows) if row == olds[place]]
    moving = [place for place, row in enumerate(rows) if row != olds[place]]
    at = -1
    while gap := coder.count(families["gap"][0]):
        at += gap
        if at >= len(resting):
            raise Refused("badNumber")
        place = resting[at]
        rows[place] = decoder.row(rows[place], rows[place])
        coder.check()
    for place in moving:
        speed = decoder.speed(rows[place], olds[place])
        if coder.symbol(families["flags"][min(speed.bit_length(), 9)]):
            rows[place] = decoder.row(rows[place], olds[place])
        coder.check()
    return rows


def read_delta(coder, single, fields, tables, old, before, ticks, steps, states):
    modes, ids_tables = tables
    families = modes[STEADY if ticks == steps else JUMP]
    if not coder.symbol(families["touched"][0]):
        return old
    decoder = RowDecoder(coder, fields, families, ticks, steps, states)
    if single:
        return {"ids": [0], "rows": [decoder.row(old["rows"][0], (before or old)["rows"][0])]}
    removed, spawned = [], []
    if coder.symbol(families["touched"][1]):
        removed, spawned = read_ids(coder, ids_tables), read_ids(coder, ids_tables)
        if not set(removed) <= set(old["ids"]) or set(spawned) & set(old["ids"]):
            raise Refused("badIdentifiers")
        if len(old["ids"]) - len(removed) + len(spawned) > 65535:
            raise Refused("badIdentifiers")
    gone = set(removed)
    kept = [entity for entity in old["ids"] if entity not in gone]
    base = dict(zip(old["ids"], old["rows"]))
    earlier = dict(zip(before["ids"], before["rows"])) if before else {}
    rows = dict(zip(kept, read_kept_rows(decoder, coder, families, kept, base, earlier)))
    rows |= zip(spawned, read_new_rows(coder, fields, modes[WHOLE], len(spawned)))
    ids = sorted(rows)
    return {"ids": ids, "rows": [rows[entity] for entity in ids]}


def read_header(message, baseline, before):
    """The tick, the distance, the step and the hash (§5.1), and where the body begins."""
    is_delta = message[0] & 15 == 2
    tick, offset = varint(message, 1, "badTick")
    if tick == 0:
        raise Refused("badTick")
    distance = steps = 0
    expected = None
    if is_delta:
        number, offset = long_varint(message, offset)
        distance, steps = number >> 3, number & 7
        if not 1 <= distance < tick:
            raise Refused("badTick")
        if steps == 7:
            steps, offset = varint(message, offset, "badTick")
            if steps < 7:
                raise Refused("badTick")
        if steps >= tick - distance:
            raise Refused("badTick")
    if message[0] & 0x40:
        if len(message) < offset + 4:
            raise Refused("truncated")
        expected = int.from_bytes(message[offset:offset + 4], "little")
        offset += 4
    if is_delta:
        if baseline is None or baseline["tick"] != tick - distance:
            raise Refused("wrongBaseline")
        if steps and (before is None or before["tick"] != baseline["tick"] - steps):
            raise Refused("wrongBaseline")
    return tick, distance, steps, expected, offset


def long_varint(data, offset):
    """A varint of at most 35 bits and the offset after it."""
    value = 0
    for index in range(10):
        if offset + index >= len(data):
            raise Refused("truncated")
        byte = data[offset + index]
        value |= (byte & 127) << (7 * index)
        if byte < 128:
            if (byte == 0 and index > 0) or value >= 1 << 35:
                raise Refused("badTick")
            return value, offset + index + 1
    raise Refused("badTick")


def apply(message, baseline, before, schema, tables):
    """The state to which a message of either codec leads (§5, §6 and §9)."""
    if not message or message[0] & 15 not in (1, 2) or message[0] >> 4 & 3 != 1:
        return apply_codec0(message, baseline, schema)
    if message[0] & 0x80:
        raise Refused("reservedFlag")
    tick, distance, steps, expected, offset = read_header(message, baseline, before)
    coder = RangeDecoder(message, offset)
    state = {"tick": tick, "tables": []}
    for index, (single, _, fields) in enumerate(schema.types):
        if distance:
            old = baseline["tables"][index]
            earlier = before["tables"][index] if steps else None
            states = (baseline["tables"], state["tables"])
            table = read_delta(coder, single, fields, tables.types[index], old, earlier, distance, steps, states)
        else:
            modes, ids_tables = tables.types[index]
            ids = [0] if single else read_ids(coder, ids_tables)
            table = {"ids": ids, "rows": read_new_rows(coder, fields, modes[WHOLE], len(ids))}
        coder.check()
        state["tables"].append(table)
    coder.end()
    if expected is not None and state_hash(state) != expected:
        raise Refused("stateHashMismatch")
    return state


def damage(vector, schema, tables, chance):
    """Cut and changed messages are refused, or lead to some state within the schema: nothing else may come of them."""
    message = bytes.fromhex(vector["message"])
    for _ in range(4):
        other = bytearray(message[:chance.randrange(len(message) + 1)] if chance.randrange(2) else message)
        if other:
            other[chance.randrange(len(other))] = chance.randrange(256)
        outcome(apply, bytes(other), vector["baseline"], vector.get("before"), schema, tables)


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "codec1.json"
    vectors = json.loads(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default).read_text())
    failures = []

    def check(name, actual, wanted):
        if actual != wanted:
            failures.append(f"{name}: got {str(actual)[:200]}, expected {str(wanted)[:200]}")

    schemas, tables = {}, {}
    for vector in vectors["schemas"]:
        schema = schemas[vector["id"]] = Schema(vector["text"])
        check(f"schema {vector['id']}", f"{schema.hash:016x}", vector["hash"])
    for vector in vectors["tables"]:
        made = tables[vector["id"]] = Tables(bytes.fromhex(vector["bytes"]), schemas[vector["schema"]])
        check(f"tables {vector['id']}", f"{made.hash:016x}", vector["hash"])
        if vector["generic"]:
            check(f"generic tables {vector['id']}", generic_tables(schemas[vector["schema"]]).hex(), vector["bytes"])
    chance = random.Random(1)
    for vector in vectors["snapshots"]:
        schema, coding = schemas[vector["schema"]], tables[vector["tables"]]
        result = outcome(
            apply, bytes.fromhex(vector["message"]), vector["baseline"], vector.get("before"), schema, coding)
        check(vector["id"], result, vector.get("error", vector.get("state")))
        if "hash" in vector and "state" in vector:
            check(f"hash of {vector['id']}", state_hash(vector["state"]), vector["hash"])
        damage(vector, schema, coding, chance)

    for failure in failures:
        print(failure)
    counts = ", ".join(f"{len(vectors[group])} {group}" for group in ("schemas", "tables", "snapshots"))
    print(f"{counts}: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
