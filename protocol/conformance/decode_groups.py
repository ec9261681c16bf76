#!/usr/bin/env python3
"""Checks protocol/vectors/groups.json with a decoder written from protocol/spec/snapshot.md §8 alone.

    python3 protocol/conformance/decode_groups.py [FILE]

Stands on decode_snapshot.py and decode_codec1.py, which read what segments hold. Prints each vector that does not hold and a line with the counts; exits with
1 when there was any, else with 0.
"""

import json
import pathlib
import sys

from decode_codec1 import Tables, apply, long_varint
from decode_snapshot import Refused, Schema, outcome, varint


def encode_varint(number):
    """§2.1."""
    data = bytearray()
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    data.append(number)
    return bytes(data)


def merge(groups, tick, schema):
    """What is seen of all groups together (§8.1)."""
    state = {"tick": tick, "tables": []}
    for index, (single, _, _) in enumerate(schema.types):
        if single:
            state["tables"].append(groups[0]["tables"][index])
            continue
        rows = {}
        for group in groups.values():
            table = group["tables"][index]
            if rows.keys() & set(table["ids"]):
                raise Refused("badIdentifiers")
            rows.update(zip(table["ids"], table["rows"]))
        ids = sorted(rows)
        if len(ids) > 65535:
            raise Refused("badIdentifiers")
        state["tables"].append({"ids": ids, "rows": [rows[entity] for entity in ids]})
    return state


def read_distance(message, offset, codec, tick):
    """The distance and the step, both 0 in a message from nothing (§8.2), and where the segments begin."""
    if codec == 0:
        distance, offset = varint(message, offset, "badTick")
        if distance >= tick:
            raise Refused("badTick")
        return distance, 0, offset
    number, offset = long_varint(message, offset)
    if number == 0:
        return 0, 0, offset
    distance, step = number >> 3, number & 7
    if not 1 <= distance < tick:
        raise Refused("badTick")
    if step == 7:
        step, offset = varint(message, offset, "badTick")
        if step < 7:
            raise Refused("badTick")
    if step >= tick - distance:
        raise Refused("badTick")
    return distance, step, offset


def encode_distance(codec, distance, step):
    """As it stands in a message of kind 2 (§5.1)."""
    if codec == 0:
        return encode_varint(distance)
    return encode_varint(8 * distance + min(step, 7)) + (encode_varint(step) if step >= 7 else b"")


def states(held):
    """The groups' states by number, all of the tick at which they are held."""
    return {number: state | {"tick": held["state"]["tick"]} for number, state in held["groups"]} if held else {}


def apply_groups(message, baseline, before, schema, tables):
    """§8.2 and §8.3: {"state", "groups"} from another such object or None, and from the one before that; `groups` is a list of
    [number, state]."""
    if not message:
        raise Refused("truncated")
    if message[0] & 15 != 3:
        raise Refused("unknownKind")
    codec = message[0] >> 4 & 3
    if codec > 1 or (codec == 1 and tables is None):
        raise Refused("unknownCodec")
    if message[0] & 0xC0:
        raise Refused("reservedFlag")
    tick, offset = varint(message, 1, "badTick")
    if tick == 0:
        raise Refused("badTick")
    distance, step, offset = read_distance(message, offset, codec, tick)
    if step and (before is None or before["state"]["tick"] != tick - distance - step):
        raise Refused("wrongBaseline")
    earlier = states(before) if step else {}
    groups = {}
    if distance:
        if baseline is None or baseline["state"]["tick"] != tick - distance:
            raise Refused("wrongBaseline")
        groups = states(baseline)
    least = 0
    while offset < len(message):
        gap, offset = varint(message, offset, "badNumber")
        number = least + gap
        if number > 65535:
            raise Refused("badNumber")
        length, offset = varint(message, offset, "badNumber")
        if length > len(message) - offset:
            raise Refused("truncated")
        payload = message[offset:offset + length]
        offset += length
        least = number + 1
        if not payload:
            if number == 0:
                raise Refused("badIdentifiers")
            groups.pop(number, None)
            continue
        if payload[0] >> 4 & 3 != codec:
            raise Refused("unknownCodec")
        is_delta = payload[0] & 15 == 2
        if is_delta and (distance == 0 or number not in groups):
            raise Refused("wrongBaseline")
        ticks = encode_varint(tick)
        if is_delta:
            ticks += encode_distance(codec, distance, step if number in earlier else 0)
        whole = payload[:1] + ticks + payload[1:]
        groups[number] = apply(whole, groups.get(number), earlier.get(number), schema, tables)
    if 0 not in groups:
        raise Refused("badIdentifiers")
    for group in groups.values():
        group["tick"] = tick
    state = merge(groups, tick, schema)
    return {"state": state, "groups": [[number, groups[number]] for number in sorted(groups)]}


def main():
    default = pathlib.Path(__file__).resolve().parent.parent / "vectors" / "groups.json"
    vectors = json.loads(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default).read_text())
    schemas = {vector["id"]: Schema(vector["text"]) for vector in vectors["schemas"]}
    tables = {
        vector["id"]: Tables(bytes.fromhex(vector["bytes"]), schemas[vector["schema"]]) for vector in vectors["tables"]
    }
    failures = []
    for vector in vectors["messages"]:
        message = bytes.fromhex(vector["message"])
        actual = outcome(
            apply_groups, message, vector["baseline"], vector.get("before"), schemas[vector["schema"]],
            tables.get(vector.get("tables")))
        wanted = vector.get("error") or {"state": vector["state"], "groups": vector["groups"]}
        if actual != wanted:
            failures.append(f"{vector['id']}: got {actual}, expected {wanted}")
    for failure in failures:
        print(failure)
    print(f"{len(schemas)} schemas, {len(tables)} tables, {len(vectors['messages'])} messages: {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
