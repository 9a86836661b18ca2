//go:build !amd64 && !arm64

package vec

func limitMulAdd(int) int   { return 0 }
func limitRead([]float32)   {}
func limitUpdate([]float32) {}
