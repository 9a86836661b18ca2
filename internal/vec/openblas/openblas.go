//go:build openblas && cgo

// Package openblas calls the library of that name, for package vec to be
// checked against and raced with. It is built with the tag openblas only.
package openblas

/*
#cgo LDFLAGS: -lopenblas
#include <cblas.h>

static void gemm(int ta, int tb, int m, int n, int k, const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc) {
	cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
}

static void gemv(int t, int m, int n, const float *a, int lda, const float *x, float *y) {
	cblas_sgemv(CblasRowMajor, t ? CblasTrans : CblasNoTrans, m, n, 1, a, lda, x, 1, 0, y, 1);
}

static void ger(int m, int n, const float *x, const float *y, float *a, int lda) {
	cblas_sger(CblasRowMajor, m, n, 1, x, 1, y, 1, a, lda);
}
*/
import "C"

// Threads sets how many threads the library uses.
func Threads(n int) { C.openblas_set_num_threads(C.int(n)) }

// Gemm sets the m×n matrix c = op(a)·op(b) + beta·c over k, where op
// transposes if ta or tb is set. Matrices are row-major; ld is the length of a
// stored row.
func Gemm(ta, tb bool, m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	C.gemm(flag(ta), flag(tb), C.int(m), C.int(n), C.int(k), ptr(a), C.int(lda), ptr(b), C.int(ldb), C.float(beta), ptr(c), C.int(ldc))
}

// Gemv sets y = a·x, or aᵀ·x if t is set, for the m×n matrix a.
func Gemv(t bool, m, n int, a []float32, lda int, x, y []float32) {
	C.gemv(flag(t), C.int(m), C.int(n), ptr(a), C.int(lda), ptr(x), ptr(y))
}

// Ger adds the outer product x·yᵀ to the m×n matrix a.
func Ger(m, n int, x, y, a []float32, lda int) {
	C.ger(C.int(m), C.int(n), ptr(x), ptr(y), ptr(a), C.int(lda))
}

func ptr(x []float32) *C.float { return (*C.float)(&x[0]) }

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
