package traceexport

import "google.golang.org/protobuf/encoding/protowire"

// The fields and values of Perfetto's messages that are written here, from protos/perfetto/trace/perfetto_trace.proto in
// https://github.com/google/perfetto (Apache-2.0), as its Python package 0.59.1 has it. It only grows: numbers keep their meaning.
const (
	tracePacket = 1 // Trace.packet

	packetClockSnapshot  = 6 // TracePacket
	packetTimestamp      = 8
	packetSequence       = 10 // trusted_packet_sequence_id
	packetTrackEvent     = 11
	packetInterned       = 12
	packetSequenceFlags  = 13
	packetDefaults       = 59 // trace_packet_defaults
	packetDescriptor     = 60 // track_descriptor
	packetFirst          = 87 // first_packet_on_sequence
	defaultsClock        = 58 // TracePacketDefaults.timestamp_clock_id
	sequenceCleared      = 1  // TracePacket.SequenceFlags
	sequenceNeedsCleared = 2

	snapshotClocks  = 1 // ClockSnapshot
	snapshotPrimary = 2
	clockID         = 1 // ClockSnapshot.Clock
	clockTimestamp  = 2
	clockRealtime   = 1 // BuiltinClock
	clockMonotonic  = 3

	internedCategories  = 1 // InternedData
	internedEventNames  = 2
	internedAnnotations = 3  // debug_annotation_names
	internedTexts       = 29 // debug_annotation_string_values
	internedID          = 1  // EventCategory, EventName, DebugAnnotationName, InternedString
	internedValue       = 2

	descriptorUUID    = 1 // TrackDescriptor
	descriptorName    = 2
	descriptorProcess = 3
	descriptorThread  = 4
	descriptorParent  = 5
	descriptorCounter = 8
	processPID        = 1 // ProcessDescriptor
	processName       = 6
	threadPID         = 1 // ThreadDescriptor
	threadTID         = 2
	threadName        = 5
	counterUnit       = 3 // CounterDescriptor
	counterUnitName   = 6
	unitBytes         = 3 // CounterDescriptor.Unit, UNIT_SIZE_BYTES

	eventCategory    = 3 // TrackEvent: category_iids
	eventAnnotations = 4
	eventType        = 9
	eventName        = 10 // name_iid
	eventTrack       = 11 // track_uuid
	eventText        = 23 // name
	eventCounter     = 30 // counter_value
	eventDouble      = 44 // double_counter_value
	eventFlows       = 47 // fixed64
	eventLastFlows   = 48 // terminating_flow_ids, fixed64
	typeBegin        = 1  // TrackEvent.Type
	typeEnd          = 2
	typeInstant      = 3
	typeCounter      = 4

	annotationName   = 1 // DebugAnnotation: name_iid
	annotationInt    = 4
	annotationString = 6
	annotationText   = 17 // string_value_iid
)

// message is an encoded Protocol Buffers message in the making.
type message []byte

func (m message) number(field protowire.Number, v uint64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), v)
}

func (m message) fixed(field protowire.Number, v uint64) message {
	return protowire.AppendFixed64(protowire.AppendTag(m, field, protowire.Fixed64Type), v)
}

func (m message) text(field protowire.Number, v string) message {
	return protowire.AppendString(protowire.AppendTag(m, field, protowire.BytesType), v)
}

func (m message) message(field protowire.Number, inner message) message {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), inner)
}

// append adds fields that are encoded already.
func (m message) append(fields message) message { return append(m, fields...) }
