//go:build !amd64 && !arm64

package vec

// Other machines have the portable path only; nothing below is called.

func native() []path { return []path{portable} }

const small = false

const none = "vec: there are no kernels for this machine"

func first([]float32) *float32                                                        { panic(none) }
func zerosNative([]float32) int                                                       { panic(none) }
func liveNative([]uint16, *Matrix, int, int)                                          { panic(none) }
func limitedNative([]float32, uint32) bool                                            { panic(none) }
func softmaxNative(int, int, []float32, int, []float32, int, float32)                 { panic(none) }
func tanhSlopeNative([]float32, []float32, []float32)                                 { panic(none) }
func addRowsNative([]float32, int, []float32, int, []float32, int, int)               { panic(none) }
func multiply(*Matrix, []float32, int, int, int, *Matrix, int, int, bool, *float32)   { panic(none) }
func rank1Native(*Matrix, []float32, []float32, bool)                                 { panic(none) }
func rank1ColumnNative(*Matrix, []float32, []float32, []float32, bool)                { panic(none) }
func rank2Native(*Matrix, []float32, []float32, []float32, []float32, bool)           { panic(none) }
func rank1DecayNative(*Matrix, []float32, []float32, []float32)                       { panic(none) }
func rank2DecayNative(*Matrix, []float32, []float32, []float32, []float32, []float32) { panic(none) }
func rank1GatedNative(*Matrix, []float32, []float32, []float32, bool)                 { panic(none) }
func rank1ScaledNative(*Matrix, []float32, []float32, float32)                        { panic(none) }
func rank1DecayScaledNative(*Matrix, []float32, []float32, float32, []float32, float32) {
	panic(none)
}
func addVVNative([]float32, []float32, []float32)                { panic(none) }
func addVSNative([]float32, []float32, float32)                  { panic(none) }
func subVVNative([]float32, []float32, []float32)                { panic(none) }
func subVSNative([]float32, []float32, float32)                  { panic(none) }
func subSVNative([]float32, float32, []float32)                  { panic(none) }
func mulVVNative([]float32, []float32, []float32)                { panic(none) }
func mulVSNative([]float32, []float32, float32)                  { panic(none) }
func divVVNative([]float32, []float32, []float32)                { panic(none) }
func divVSNative([]float32, []float32, float32)                  { panic(none) }
func divSVNative([]float32, float32, []float32)                  { panic(none) }
func minVVNative([]float32, []float32, []float32)                { panic(none) }
func minVSNative([]float32, []float32, float32)                  { panic(none) }
func minSVNative([]float32, float32, []float32)                  { panic(none) }
func maxVVNative([]float32, []float32, []float32)                { panic(none) }
func maxVSNative([]float32, []float32, float32)                  { panic(none) }
func maxSVNative([]float32, float32, []float32)                  { panic(none) }
func mulAddVVVNative([]float32, []float32, []float32, []float32) { panic(none) }
func mulAddVSVNative([]float32, []float32, float32, []float32)   { panic(none) }
func subMulVVVNative([]float32, []float32, []float32, []float32) { panic(none) }
func subMulVVSNative([]float32, []float32, []float32, float32)   { panic(none) }
func reluNative([]float32, []float32)                            { panic(none) }
func negNative([]float32, []float32)                             { panic(none) }
func absNative([]float32, []float32)                             { panic(none) }
func squareNative([]float32, []float32)                          { panic(none) }
func cubeNative([]float32, []float32)                            { panic(none) }
func sqrtNative([]float32, []float32)                            { panic(none) }
func expNative([]float32, []float32)                             { panic(none) }
func logNative([]float32, []float32)                             { panic(none) }
func tanhNative([]float32, []float32)                            { panic(none) }
func sigmoidNative([]float32, []float32)                         { panic(none) }
func softplusNative([]float32, []float32)                        { panic(none) }

func dotNative([]float32, []float32) float32 { panic(none) }
func sumNative([]float32) float32            { panic(none) }
func mulTBNative(*Matrix, *Matrix, *Matrix)  { panic(none) }
func applyNative(Kernel, int, int, *float32, int, *float32, int, *float32, int, *float32, int) {
	panic(none)
}
