"""Decodes a Perfetto trace with Perfetto's own messages, and prints what is in it as JSON.

Events are put together as Perfetto's trace processor does: sorted by time, those of the same time as they are in the file,
and an end ends the latest slice of its track that is open.
"""

import json
import sys

from google.protobuf.message import Message
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as protos


def unknown_fields(message: Message) -> int:
    """How many fields Perfetto has no name for."""
    from google.protobuf import unknown_fields as unknown
    count = len(unknown.UnknownFieldSet(message))
    for field, value in message.ListFields():
        if field.message_type is not None:
            for one in value if field.is_repeated else [value]:
                count += unknown_fields(one)
    return count


def main() -> None:
    trace = protos.Trace()
    with open(sys.argv[1], "rb") as file:
        trace.ParseFromString(file.read())
    names, categories, notes, texts = {}, {}, {}, {}
    tracks, events, clocks = {}, [], []
    primary, default_clock, unknown = 0, 0, 0
    for order, packet in enumerate(trace.packet):
        unknown += unknown_fields(packet)
        data = packet.interned_data
        for entries, known in ((data.event_names, names), (data.event_categories, categories),
                               (data.debug_annotation_names, notes)):
            known.update((entry.iid, entry.name) for entry in entries)
        texts.update((entry.iid, entry.str.decode()) for entry in data.debug_annotation_string_values)
        if packet.HasField("trace_packet_defaults"):
            default_clock = packet.trace_packet_defaults.timestamp_clock_id
        if packet.HasField("clock_snapshot"):
            primary = packet.clock_snapshot.primary_trace_clock
            clocks += [[clock.clock_id, clock.timestamp] for clock in packet.clock_snapshot.clocks]
        if packet.HasField("track_descriptor"):
            tracks[packet.track_descriptor.uuid] = packet.track_descriptor
        if packet.HasField("track_event"):
            assert packet.sequence_flags & protos.TracePacket.SEQ_NEEDS_INCREMENTAL_STATE
            assert packet.track_event.track_uuid in tracks, "an event comes before its track"
            events.append((packet.timestamp, order, packet.track_event))
    events.sort(key=lambda event: event[:2])

    slices, counters, instants, flows, open_slices = [], {}, [], {}, {}
    for ns, _, event in events:
        track = tracks[event.track_uuid]
        stack = open_slices.setdefault(event.track_uuid, [])
        for flow in list(event.flow_ids) + list(event.terminating_flow_ids):
            flows.setdefault(flow, []).append([names[event.name_iid], bool(event.terminating_flow_ids)])
        if event.type == protos.TrackEvent.TYPE_SLICE_BEGIN:
            args = {notes[a.name_iid]: texts[a.string_value_iid] if a.HasField("string_value_iid") else a.int_value
                    for a in event.debug_annotations}
            one = {"tid": track.thread.tid, "pid": track.thread.pid, "category": [categories[c] for c in event.category_iids],
                   "name": names.get(event.name_iid, event.name), "start": ns, "depth": len(stack),
                   "within": stack[0]["name"] if stack else "", "args": args}
            slices.append(one)
            stack.append(one)
        elif event.type == protos.TrackEvent.TYPE_SLICE_END:
            one = stack.pop()
            one["duration"] = ns - one["start"]
        elif event.type == protos.TrackEvent.TYPE_COUNTER:
            counters.setdefault(track.name, []).append(event.counter_value)
        elif event.type == protos.TrackEvent.TYPE_INSTANT:
            instants.append(event.name)
    json.dump({
        "slices": slices, "flows": list(flows.values()), "instants": instants, "counters": counters,
        "open": sum(len(stack) for stack in open_slices.values()), "unknown": unknown,
        "primary_clock": primary, "default_clock": default_clock, "clocks": clocks,
        "processes": [[t.process.pid, t.process.process_name] for t in tracks.values() if t.HasField("process")],
        "threads": [[t.thread.tid, t.thread.thread_name] for t in tracks.values() if t.HasField("thread")],
    }, sys.stdout)


main()
