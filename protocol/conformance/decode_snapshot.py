#!/usr/bin/env python3
"""Checks protocol/vectors/snapshot.json with a decoder written from the specification alone.

    python3 protocol/conformance/decode_snapshot.py [FILE]

Implements protocol/spec/snapshot.md and protocol/spec/game-messages.md with nothing but the standard library. Prints each vector
that does not hold and a line with the counts; exits with 1 when there was any, else with 0.
"""

import json
import math
import pathlib
import sys


class Refused(Exception):
    """A message that must not be applied; the argument is the error's name in the specification."""


class Bits:
    """Reads bits, least significant first (snapshot.md §2.2)."""

    def __init__(self, data, offset):
        self.data = data
        self.position = offset * 8

    @property
    def left(self):
        return len(self.data) * 8 - self.position

    def read(self, width):
        if width > self.left:
            raise Refused("truncated")
        value = 0
        for index in range(width):
            byte = self.data[self.position >> 3]
            value |= (byte >> (self.position & 7) & 1) << index
            self.position += 1
        return value

    def packed(self):
        """A packed number (§2.3)."""
        number = 0
        for index in range(6):
            group = self.read(4)
            number |= (group & 7) << (3 * index)
            if not group & 8:
                if (group == 0 and index > 0) or number > 65535:
                    raise Refused("badNumber")
                return number
        raise Refused("badNumber")

    def align(self):
        """Moves to the next whole byte over zero bits."""
        while self.position % 8:
            if self.read(1):
                raise Refused("trailingBytes")
        return self.position // 8


def varint(data, offset, bad):
    """A varint of at most 32 bits (§2.1) and the offset after it."""
    value = 0
    for index in range(10):
        if offset + index >= len(data):
            raise Refused("truncated")
        byte = data[offset + index]
        value |= (byte & 127) << (7 * index)
        if byte < 128:
            if (byte == 0 and index > 0) or value >= 1 << 32:
                raise Refused(bad)
            return value, offset + index + 1
    raise Refused(bad)


ARGUMENTS = {"bool": 0, "int": 2, "fixed": 3, "angle": 1, "enum": 1, "quat": 1, "entity": 1}


class Kind:
    """A field kind (§3.1) and predictor (§3.2), with the field's own name as its label."""

    def __init__(self, words, label=""):
        self.label, self.link = label, None
        words, predictor = words[:1 + ARGUMENTS[words[0]]], words[1 + ARGUMENTS[words[0]]:]
        self.is_linear = predictor == ["linear"]
        self.parent = predictor[1] if predictor[:1] == ["parent"] else None
        self.table = words[1] if words[0] == "entity" else None
        self.name = words[0]
        numbers = [float(word) for word in words[1:]] if self.name != "entity" else []
        self.origin, self.step = 0, 1
        if self.name == "bool":
            self.maximum = 1
        elif self.name == "int":
            self.origin = int(words[1])
            self.maximum = int(words[2]) - self.origin
        elif self.name == "fixed":
            self.origin, self.step = numbers[0], numbers[2]
            self.maximum = math.floor((numbers[1] - numbers[0]) / numbers[2] + 0.5)
        elif self.name == "angle":
            self.maximum = (1 << int(words[1])) - 1
            self.step = 2 * math.pi / (self.maximum + 1)
        elif self.name == "enum":
            self.maximum = int(words[1]) - 1
        elif self.name == "entity":
            self.origin, self.maximum = -1, 65536
        elif self.name == "quat":
            self.part_bits = int(words[1])
            self.part_maximum = (1 << self.part_bits) - 1
            self.maximum = (1 << 2 + 3 * self.part_bits) - 1
        else:
            raise ValueError(words)
        self.width = self.maximum.bit_length()

    def value(self, number):
        if self.name == "angle":
            turns = number / (2 * math.pi)
            count = self.maximum + 1
            return math.floor((turns - math.floor(turns)) * count + 0.5) % count
        return min(max(math.floor((number - self.origin) / self.step + 0.5), 0), self.maximum)

    def number(self, value):
        return self.origin + value * self.step


class Schema:
    """A schema from its canonical text (§3.2)."""

    def __init__(self, text):
        lines = text.split("\n")
        assert lines[0] == "muster-schema 1" and lines[-1] == ""
        self.types = []
        self.input = None
        for line in lines[1:-1]:
            words = line.split(" ")
            if words[0] == "field":
                fields = self.input if self.input is not None else self.types[-1][2]
                fields.extend(components(words[1], words[2:]))
            elif words[0] == "input":
                self.input = []
            else:
                self.types.append((words[0] == "single", words[1], []))
        for _, _, fields in self.types:
            for field in fields:
                if field.parent:
                    reference = [other.label for other in fields].index(field.parent)
                    owner = [name for _, name, _ in self.types].index(fields[reference].table)
                    column = [other.label for other in self.types[owner][2]].index(field.label)
                    field.link = (reference, owner, column)
        self.hash = 0xCBF29CE484222325
        for byte in text.encode("ascii"):
            self.hash = (self.hash ^ byte) * 0x100000001B3 % (1 << 64)


def components(name, words):
    """The fields that a line stands for (§3.1)."""
    if words[0] == "bytes":
        count = int(words[1])
        parts = [Kind(["int", "0", words[1]], f"{name}.count")]
        return parts + [Kind(["int", "0", "4294967295"], f"{name}.word{at + 1}") for at in range((count + 3) // 4)]
    if words[0] in ("vec2", "vec3"):
        return [Kind(["fixed", *words[1:]], f"{name}.{part}") for part in "xyz"[:int(words[0][3])]]
    return [Kind(words, name)]


def state_hash(state):
    """§4.2."""
    words = [state["tick"]]
    for table in state["tables"]:
        words += [len(table["ids"])] + table["ids"] + [value for row in table["rows"] for value in row]
    limit = (1 << 32) - 1

    def rotate(word, by):
        return (word << by | word >> (32 - by)) & limit

    result = 0
    for word in words:
        word = word * 0xCC9E2D51 & limit
        word = rotate(word, 15) * 0x1B873593 & limit
        result = (rotate(result ^ word, 13) * 5 + 0xE6546B64) & limit
    result ^= 4 * len(words) & limit
    result = (result ^ result >> 16) * 0x85EBCA6B & limit
    result = (result ^ result >> 13) * 0xC2B2AE35 & limit
    return result ^ result >> 16


def read_record(bits, fields):
    record = []
    for field in fields:
        value = bits.read(field.width)
        if value > field.maximum:
            raise Refused("valueOutOfRange")
        record.append(value)
    return record


def read_ids(bits):
    count = bits.packed()
    if count * 4 > bits.left:
        raise Refused("truncated")
    ids, least = [], 0
    for _ in range(count):
        number = least + bits.packed()
        if number > 65535:
            raise Refused("badIdentifiers")
        ids.append(number)
        least = number + 1
    return ids


def read_keyframe_table(bits, single, fields):
    ids = [0] if single else read_ids(bits)
    if len(ids) * sum(field.width for field in fields) > bits.left:
        raise Refused("truncated")
    return {"ids": ids, "rows": [read_record(bits, fields) for _ in ids]}


def read_delta_table(bits, single, fields, old):
    if not bits.read(1):
        return old
    if single:
        return {"ids": [0], "rows": [read_record(bits, fields)]}
    removed, spawned = [], []
    if bits.read(1):
        removed, spawned = read_ids(bits), read_ids(bits)
    if len(spawned) * sum(field.width for field in fields) > bits.left:
        raise Refused("truncated")
    if not set(removed) <= set(old["ids"]) or set(spawned) & set(old["ids"]):
        raise Refused("badIdentifiers")
    rows = {}
    for entity, row in zip(old["ids"], old["rows"]):
        if entity not in removed:
            rows[entity] = read_record(bits, fields) if bits.read(1) else row
    for entity in spawned:
        rows[entity] = read_record(bits, fields)
    ids = sorted(rows)
    if len(ids) > 65535:
        raise Refused("badIdentifiers")
    return {"ids": ids, "rows": [rows[entity] for entity in ids]}


def apply(message, baseline, schema):
    """§5 and §6."""
    if not message:
        raise Refused("truncated")
    first = message[0]
    if first & 15 not in (1, 2):
        raise Refused("unknownKind")
    if first & 0x30:
        raise Refused("unknownCodec")
    if first & 0x80:
        raise Refused("reservedFlag")
    is_delta = first & 15 == 2
    tick, offset = varint(message, 1, "badTick")
    if tick == 0:
        raise Refused("badTick")
    if is_delta:
        distance, offset = varint(message, offset, "badTick")
        if not 1 <= distance < tick:
            raise Refused("badTick")
    expected = None
    if first & 0x40:
        if len(message) < offset + 4:
            raise Refused("truncated")
        expected = int.from_bytes(message[offset:offset + 4], "little")
        offset += 4
    if is_delta and (baseline is None or baseline["tick"] != tick - distance):
        raise Refused("wrongBaseline")
    bits = Bits(message, offset)
    state = {"tick": tick, "tables": []}
    for index, (single, _, fields) in enumerate(schema.types):
        if is_delta:
            state["tables"].append(read_delta_table(bits, single, fields, baseline["tables"][index]))
        else:
            state["tables"].append(read_keyframe_table(bits, single, fields))
    if bits.align() != len(message):
        raise Refused("trailingBytes")
    if expected is not None and state_hash(state) != expected:
        raise Refused("stateHashMismatch")
    return state


def client_message(message, schema):
    """game-messages.md."""
    if not message:
        raise Refused("truncated")
    kind, high = message[0] & 15, message[0] >> 4
    if kind == 8:
        if not 1 <= high <= 8:
            raise Refused("badNumber")
        ack, offset = varint(message, 1, "badNumber")
        result = {"kind": "inputs", "ack": ack, "inputs": []}
        last = -1
        for _ in range(high):
            tick, offset = varint(message, offset, "badNumber")
            sequence, offset = varint(message, offset, "badNumber")
            if sequence <= last:
                raise Refused("badNumber")
            last = sequence
            bits = Bits(message, offset)
            result["inputs"].append([tick, sequence, read_record(bits, schema.input)])
            offset = bits.align()
    elif kind == 9 and high == 0:
        ack, offset = varint(message, 1, "badNumber")
        result = {"kind": "ack", "ack": ack}
    elif kind == 10 and high == 0:
        if len(message) < 2:
            raise Refused("truncated")
        if message[1] > 2:
            raise Refused("badNumber")
        offset = 2
        result = {"kind": "keyframeRequest", "reason": message[1]}
    else:
        raise Refused("unknownKind")
    if offset != len(message):
        raise Refused("trailingBytes")
    return result


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Refused as error:
        return str(error)


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "snapshot.json"
    vectors = json.loads(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default).read_text())
    failures = []

    def check(name, actual, wanted):
        if actual != wanted:
            failures.append(f"{name}: got {actual}, expected {wanted}")

    schemas = {}
    for vector in vectors["schemas"]:
        schema = schemas[vector["id"]] = Schema(vector["text"])
        check(f"schema {vector['id']}", f"{schema.hash:016x}", vector["hash"])
    for vector in vectors["quantise"]:
        kind = Kind(vector["kind"].split(" "))
        check(f"{vector['kind']} of {vector['number']}", kind.value(vector["number"]), vector["value"])
        check(f"{vector['kind']} at {vector['value']}", kind.number(vector["value"]), vector["back"])
    for vector in vectors["snapshots"]:
        message = bytes.fromhex(vector["message"])
        result = outcome(apply, message, vector["baseline"], schemas[vector["schema"]])
        check(vector["id"], result, vector.get("error", vector.get("state")))
        if "hash" in vector:
            check(f"hash of {vector['id']}", state_hash(vector["state"]), vector["hash"])
    for vector in vectors["clientMessages"]:
        message = bytes.fromhex(vector["message"])
        result = outcome(client_message, message, schemas[vector["schema"]])
        check(vector["id"], result, vector.get("error", vector.get("decoded")))

    for failure in failures:
        print(failure)
    counts = ", ".join(f"{len(vectors[group])} {group}" for group in ("schemas", "quantise", "snapshots", "clientMessages"))
    print(f"{counts}: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
