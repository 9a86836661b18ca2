import numba
import numpy as np

numba.set_num_threads(1)
version = numba.__version__
f32 = np.float32
rng = np.random.default_rng(1)


def small(*shape):
    return rng.uniform(0.001, 0.01, shape).astype(f32)


@numba.njit(fastmath=True)
def oja(w, pre, post, lr):
    for i in range(w.shape[0]):
        x = pre[i]
        for j in range(w.shape[1]):
            y = post[j]
            w[i, j] += lr * (x * y - y * y * w[i, j])


@numba.njit(fastmath=True)
def tanh_rule(w, elig, pre, post, err, lr, a, b, zero):
    for i in range(w.shape[0]):
        x = pre[i]
        for j in range(w.shape[1]):
            y, v = post[j], w[i, j]
            w[i, j] += lr * (np.tanh(x * y) - a * (abs(v) * v) + max(x - elig[i, j], zero) * err[j] - b * min(y, v))


def run_oja(n, m):
    w, pre, post = small(n, m), small(n), small(m)
    return lambda: oja(w, pre, post, f32(1e-7))


def run_tanh_rule(n, m):
    w, elig, pre, post, err = small(n, m), small(n, m), small(n), small(m), small(m)
    return lambda: tanh_rule(w, elig, pre, post, err, f32(1e-7), f32(0.1), f32(0.01), f32(0))
