"""The operators that a scene's graph may use: those that make tensors out of tensors, and end.

Not here: control flow, random numbers, texts, sequences, optionals, pictures in files, whatever is
not of ONNX's own domain, and what no exporter of ours would write: some of it ends ONNX Runtime.
`Scan` is, for it ends with the tensor it goes over; see `checking`.
"""

from __future__ import annotations

SCAN = "Scan"

_NAMES = """
Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization BitShift
BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu Clip Concat Constant
ConstantOfShape Conv ConvInteger Cos Cosh CumSum DepthToSpace DequantizeLinear Div
DynamicQuantizeLinear Elu Equal Erf Exp Expand Flatten Floor Gather GatherElements GatherND Gelu
Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GridSample HardSigmoid HardSwish
Identity IsInf IsNaN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax MatMul
MatMulInteger Max MaxPool Mean Min Mish Mod Mul Neg NonZero Not Or PRelu Pad Pow QLinearConv
QLinearMatMul QuantizeLinear Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp
ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize Round Scan
Selu Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split
Sqrt Squeeze Sub Sum Swish Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Where Xor
"""

ALLOWED = frozenset(_NAMES.split())

SKIPPING = frozenset({"Clip", "Pad", "Resize", "Slice"})
"""Those of whose inputs one may be left out before others; the rest take it for a tensor."""
