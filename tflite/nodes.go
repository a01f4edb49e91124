package tflite

// A subgraph keeps its nodes in a std::vector<std::pair<TfLiteNode, TfLiteRegistration>>. The vector's place in the
// subgraph and the size of a pair changed several times; both show in the memory itself, so no version is asked for.

// The sizes of a pair so far: 2.3, 2.6, 2.10, 2.13, and since 2.14. Registrations grow by pointers, so future sizes are
// expected among the next multiples of 8, up to maxStride. That is less than two of the smallest pairs: a vector of one
// node can't be taken for two.
const (
	minStride      = 136
	lastStride     = 168
	maxStride      = 264
	externalStride = 152 // since this stride a pair has RegistrationExternal

	maxVector = 1 << 28 // bytes; more than a million nodes
)

// Values beyond these don't occur in a registration: codes end at 209 and versions at 13 today.
const (
	maxOpCode  = 1023
	maxVersion = 255
)

// plausiblePointer reports whether p can be the address of an object in a process: above the first page, and within
// 52 bits (arm64; x86-64 with 4-level tables has 47) when the top byte, which arm64 leaves to the app, is set aside.
func plausiblePointer(p uint64) bool {
	const tag = 0xff << 56
	return p&^tag >= 4096 && p&^tag < 1<<52
}

func nullOrPointer(p uint64) bool { return p == 0 || plausiblePointer(p) }

func plausibleRegistration(r RawRegistration) bool {
	if r.BuiltinCode < 0 || r.BuiltinCode > maxOpCode || r.Version < 0 || r.Version > maxVersion {
		return false
	}
	// Resolvers number versions from 1; a delegate's registration may leave its version 0.
	if r.Version == 0 && r.BuiltinCode != OpDelegate {
		return false
	}
	return nullOrPointer(r.Init) && nullOrPointer(r.Free) && nullOrPointer(r.Prepare) && nullOrPointer(r.Invoke) &&
		nullOrPointer(r.ProfilingString) && nullOrPointer(r.CustomName)
}

// FindRegistration finds the registration of a node in raw, the memory from the node on (PairSize bytes or more), and
// returns its offset in raw as well. It is the one whose invoke is the given function. With invoke 0, as when memory is
// being scanned, it is the one whose fields all make sense.
func FindRegistration(raw []byte, invoke uint64) (r RawRegistration, offset int, ok bool) {
	for _, at := range registrationOffsets {
		if len(raw) < at {
			continue
		}
		candidate, whole := DecodeRegistration(raw[at:])
		if !whole || candidate.Invoke == 0 || invoke != 0 && candidate.Invoke != invoke {
			continue
		}
		plausible := plausibleRegistration(candidate)
		// A prepare that is the same function as invoke makes both places fit: the plausible one is right.
		if plausible || invoke != 0 && !ok {
			r, offset, ok = candidate, at, true
		}
		if plausible {
			break
		}
	}
	return r, offset, ok
}

// FindExternal finds the registration of a node that leaves its functions to a TfLiteOperator, in raw, the memory from
// the node on. It returns that object's address as well; WithOperator completes the registration from it.
func FindExternal(raw []byte) (r RawRegistration, operator uint64, ok bool) {
	at := registrationOffsets[0]
	if len(raw) < at+RegistrationExternal+8 {
		return RawRegistration{}, 0, false
	}
	r, _ = DecodeRegistration(raw[at:])
	operator = le.Uint64(raw[at+RegistrationExternal:])
	ok = r.Invoke == 0 && plausiblePointer(operator) && plausibleRegistration(r)
	return r, operator, ok
}

// WithOperator returns the registration with the functions of a TfLiteOperator, the first OperatorPrefix bytes of which
// are in raw, or OperatorBytes for those with user data. It reports false when there is no invoke. Older operators end
// before those with data: what is read there may be anything, and its user has to check that it is code.
func (r RawRegistration) WithOperator(raw []byte) (RawRegistration, bool) {
	if len(raw) < OperatorPrefix {
		return r, false
	}
	r.Init, r.Free = le.Uint64(raw[OperatorInit:]), le.Uint64(raw[OperatorFree:])
	r.Prepare, r.Invoke = le.Uint64(raw[OperatorPrepare:]), le.Uint64(raw[OperatorInvoke:])
	if r.Invoke == 0 && len(raw) >= OperatorBytes {
		r.WithData = true
		r.Init, r.Free = le.Uint64(raw[OperatorInitWithData:]), le.Uint64(raw[OperatorFreeWithData:])
		r.Prepare, r.Invoke = le.Uint64(raw[OperatorPrepareWithData:]), le.Uint64(raw[OperatorInvokeWithData:])
	}
	return r, r.Invoke != 0 && plausibleRegistration(r)
}

// NodeVector is where the nodes of a subgraph may be.
type NodeVector struct {
	Begin, End uint64
	Stride     int // from one node to the next if it ends there, 0 for any
}

// NodeVectors returns where a subgraph's nodes may be, in the order in which it lists them; raw is the first bytes (1 KiB is plenty) of the
// tflite::Subgraph. A vector that counts its elements ends somewhere else for each stride.
func NodeVectors(raw []byte) []NodeVector {
	var vectors []NodeVector
	for at := ContextInSubgraph + minContextSize; at+vectorSize <= len(raw); at += 8 {
		begin, end, ok := vector(raw[at:], 1)
		switch {
		case !ok || !plausiblePointer(begin) || end == begin:
		case end == le.Uint64(raw[at+8:]):
			vectors = append(vectors, NodeVector{begin, end, 0})
		default:
			for stride := minStride; stride <= maxStride; stride += 8 {
				vectors = append(vectors, NodeVector{begin, begin + (end-begin)*uint64(stride), stride})
			}
		}
	}
	return vectors
}

// Stride returns the distance in bytes from one node to the next in the vector [begin, end). nodes are addresses seen of
// nodes in it, head is the memory from begin on (1 KiB is plenty), nil when it could not be read. A stride fits when it
// divides the vector, leads to every node in nodes, and shows a node and its registration wherever one lies whole within
// head. Stride reports false unless exactly one fits, of those known today or else of the larger ones; a larger one must
// be shown by a whole element.
func Stride(begin, end uint64, nodes []uint64, head []byte) (stride int, ok bool) {
	if end <= begin || end-begin > maxVector {
		return 0, false
	}
	head = head[:min(uint64(len(head)), end-begin)]
	fitting := fittingStrides(minStride, lastStride, begin, end, nodes, head)
	if len(fitting) == 0 {
		fitting = fittingStrides(lastStride+8, maxStride, begin, end, nodes, head)
	}
	if len(fitting) != 1 {
		return 0, false
	}
	return fitting[0], true
}

func fittingStrides(first, last int, begin, end uint64, nodes []uint64, head []byte) []int {
	var fitting []int
	for stride := first; stride <= last; stride += 8 {
		if stride > lastStride && len(head) < stride {
			break
		}
		if reachesNodes(uint64(stride), begin, end, nodes) && elementsPlausible(head, stride) {
			fitting = append(fitting, stride)
		}
	}
	return fitting
}

func reachesNodes(stride, begin, end uint64, nodes []uint64) bool {
	if (end-begin)%stride != 0 {
		return false
	}
	for _, node := range nodes {
		if node < begin || node >= end || (node-begin)%stride != 0 {
			return false
		}
	}
	return true
}

func elementsPlausible(head []byte, stride int) bool {
	for ; len(head) >= NodeSize; head = head[min(stride, len(head)):] {
		if !plausibleNode(head) || len(head) >= stride && !plausiblePair(head[:stride]) {
			return false
		}
	}
	return true
}

func plausibleNode(raw []byte) bool {
	node, ok := DecodeNode(raw)
	return ok && plausiblePointer(node.Inputs) && plausiblePointer(node.Outputs) && nullOrPointer(node.Intermediates) &&
		nullOrPointer(node.Temporaries) && node.CustomInitialDataSize >= 0 && nullOrPointer(node.Delegate)
}

// plausiblePair reports whether the registration in pair, whose length is the stride, makes sense.
func plausiblePair(pair []byte) bool {
	offset := registrationOffsets[0]
	if len(pair) == minStride {
		offset = registrationOffsets[1]
	}
	registration, ok := DecodeRegistration(pair[offset:])
	if !ok || !plausibleRegistration(registration) {
		return false
	}
	if registration.Invoke != 0 {
		return true
	}
	return len(pair) >= externalStride && plausiblePointer(le.Uint64(pair[offset+RegistrationExternal:]))
}
