package tflite

import "reflect"

// Param is an option of an operator, by the name that it has in the schema. Booleans are 0 or 1, enumerations their number.
type Param struct {
	Name  string
	Value int64
}

// option is a field of a table of options; its place in the list is the field's number. Fields that are no numbers, or on which
// neither what an op computes nor how much depends, have no name.
type option struct {
	name      string
	wide      bool  // an int32; otherwise a byte or bool
	byDefault int64 // when the field isn't there
}

func number(name string) option { return option{name: name, wide: true} }
func small(name string) option  { return option{name: name} }
func factor(name string) option { return option{name: name, wide: true, byDefault: 1} }

var (
	skipped    = option{}
	activation = small("fused_activation_function")
	padding    = small("padding")
)

// options are the tables of options that are read, by their number in the schema's union BuiltinOptions.
// Source: LiteRT's tflite/converter/schema/schema.fbs.
var options = map[uint8][]option{
	1: { // Conv2DOptions
		padding, number("stride_w"), number("stride_h"), activation, factor("dilation_w_factor"), factor("dilation_h_factor"),
	},
	2: { // DepthwiseConv2DOptions
		padding, number("stride_w"), number("stride_h"), number("depth_multiplier"), activation,
		factor("dilation_w_factor"), factor("dilation_h_factor"),
	},
	5: { // Pool2DOptions
		padding, number("stride_w"), number("stride_h"), number("filter_width"), number("filter_height"), activation,
	},
	6:  {number("rank"), activation},                                            // SVDFOptions
	7:  {activation},                                                            // RNNOptions
	8:  {activation, small("weights_format"), small("keep_num_dims")},           // FullyConnectedOptions
	10: {number("axis"), activation},                                            // ConcatenationOptions
	11: {activation},                                                            // AddOptions
	12: {activation},                                                            // L2NormOptions
	13: {number("radius")},                                                      // LocalResponseNormalizationOptions
	14: {activation, skipped, skipped, small("kernel_type")},                    // LSTMOptions
	15: {skipped, skipped, small("align_corners"), small("half_pixel_centers")}, // ResizeBilinearOptions
	19: {number("block_size")},                                                  // SpaceToDepthOptions
	21: {activation},                                                            // MulOptions
	23: {number("axis"), number("batch_dims")},                                  // GatherOptions
	27: {small("keep_dims")},                                                    // ReducerOptions
	28: {activation},                                                            // SubOptions
	29: {activation},                                                            // DivOptions
	31: {small("time_major"), activation},                                       // SequenceRNNOptions
	32: { // StridedSliceOptions
		number("begin_mask"), number("end_mask"), number("ellipsis_mask"), number("new_axis_mask"), number("shrink_axis_mask"),
	},
	35:  {number("num_splits")},                                                       // SplitOptions
	49:  {padding, number("stride_w"), number("stride_h"), activation},                // TransposeConvOptions
	59:  {number("values_count"), number("axis")},                                     // PackOptions
	61:  {number("axis")},                                                             // OneHotOptions
	64:  {number("num"), number("axis")},                                              // UnpackOptions
	69:  {activation, skipped, skipped, small("merge_outputs"), trueOr("time_major")}, // BidirectionalSequenceLSTMOptions
	70:  {small("time_major"), activation, small("merge_outputs")},                    // BidirectionalSequenceRNNOptions
	71:  {activation, skipped, skipped, small("time_major")},                          // UnidirectionalSequenceLSTMOptions
	74:  {small("align_corners"), small("half_pixel_centers")},                        // ResizeNearestNeighborOptions
	77:  {small("mode")},                                                              // MirrorPadOptions
	79:  {number("num_splits")},                                                       // SplitVOptions
	87:  {number("seq_dim"), number("batch_dim")},                                     // ReverseSequenceOptions
	94:  {number("block_size")},                                                       // DepthToSpaceOptions
	101: {small("adj_x"), small("adj_y")},                                             // BatchMatMulOptions
	102: {small("exclusive"), small("reverse")},                                       // CumsumOptions
	106: { // Conv3DOptions
		padding, number("stride_d"), number("stride_w"), number("stride_h"), activation,
		factor("dilation_d_factor"), factor("dilation_w_factor"), factor("dilation_h_factor"),
	},
	116: {small("approximate")}, // GeluOptions
}

func trueOr(name string) option { return option{name: name, byDefault: 1} }

// params reads the options of an operator that are in a union. Those that the file leaves out have their defaults.
func (t table) params() []Param {
	known := options[t.byte(3)]
	values, ok := t.child(4)
	if !ok || len(known) == 0 || !t.spend(int64(len(known))*int64(reflect.TypeFor[Param]().Size())) {
		return nil
	}
	params := make([]Param, 0, len(known))
	for id, o := range known {
		if o.name != "" {
			params = append(params, Param{o.name, values.option(id, o)})
		}
	}
	return params
}

func (t table) option(id int, o option) int64 {
	switch {
	case t.field(id) == 0:
		return o.byDefault
	case o.wide:
		return int64(t.int32(id, 0))
	}
	return int64(int8(t.byte(id)))
}
