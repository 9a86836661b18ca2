import numpy as np

version = np.__version__
f32 = np.float32
rng = np.random.default_rng(1)


def small(*shape):
    return rng.uniform(0.001, 0.01, shape).astype(f32)


def run_forward(batch, n, m):
    x, w, y = small(batch, n), small(n, m), np.empty((batch, m), f32)
    return lambda: np.matmul(x, w, out=y)


def run_backward(batch, n, m):
    e, w, d = small(batch, m), small(n, m), np.empty((batch, n), f32)
    return lambda: np.matmul(e, w.T, out=d)


def run_gradient(batch, n, m):
    x, e, g = small(batch, n), small(batch, m), np.zeros((n, m), f32)
    if batch == 1:
        column, t = x.T.copy(), np.empty((n, m), f32)

        def update():
            np.multiply(column, e, out=t)
            np.add(g, t, out=g)

        return update
    return lambda: np.matmul(x.T, e, out=g)


def run_axpy(n):
    d, x, t, a = small(n), small(n), np.empty(n, f32), f32(1e-9)

    def update():
        np.multiply(x, a, out=t)
        np.add(d, t, out=d)

    return update


def elementwise(f):
    def make(n):
        x, d = small(n), np.empty(n, f32)
        return lambda: f(x, out=d)

    return make


run_exp, run_log, run_tanh = map(elementwise, (np.exp, np.log, np.tanh))


def run_sigmoid(n):
    x, d = small(n), np.empty(n, f32)

    def sigmoid():
        np.negative(x, out=d)
        np.exp(d, out=d)
        np.add(d, f32(1), out=d)
        np.reciprocal(d, out=d)

    return sigmoid


def run_oja(n, m):
    w, pre, post, lr = small(n, m), small(n, 1), small(1, m), f32(1e-7)
    return lambda: w.__iadd__(lr * (pre * post - post**2 * w))


def run_oja_out(n, m):
    """Without new arrays and with what is a row computed as a row."""
    w, pre, post, lr = small(n, m), small(n, 1), small(1, m), f32(1e-7)
    a, b = np.empty_like(w), np.empty_like(w)

    def update():
        np.multiply(pre, lr * post, out=a)
        np.multiply(lr * post * post, w, out=b)
        np.subtract(a, b, out=a)
        np.add(w, a, out=w)

    return update


def run_tanh_rule(n, m):
    w, elig, pre, post, err = small(n, m), small(n, m), small(n, 1), small(1, m), small(1, m)
    lr, a, b, zero = f32(1e-7), f32(0.1), f32(0.01), f32(0)
    return lambda: w.__iadd__(
        lr * (np.tanh(pre * post) - a * (np.abs(w) * w) + np.maximum(pre - elig, zero) * err - np.minimum(post, w) * b)
    )


class Net:
    def __init__(self, batch, n, h, classes):
        self.x = rng.random((64, n), dtype=f32)
        self.y = np.eye(classes, dtype=f32)[rng.integers(0, classes, 64)]
        self.w1 = (rng.standard_normal((n, h)) / n**0.5).astype(f32)
        self.w2 = (rng.standard_normal((h, classes)) / h**0.5).astype(f32)
        self.back = (rng.standard_normal((classes, h)) / classes**0.5).astype(f32)
        self.batch, self.at = batch, 0

    def forward(self):
        b = self.batch
        x, t = self.x[self.at : self.at + b], self.y[self.at : self.at + b]
        self.at = (self.at + b) % 64
        h = np.tanh(x @ self.w1)
        z = h @ self.w2
        z -= z.max(1, keepdims=True)
        p = np.exp(z)
        p /= p.sum(1, keepdims=True)
        return x, h, (p - t) * f32(0.01 / b)


def run_backprop(*sizes):
    net = Net(*sizes)

    def step():
        x, h, d2 = net.forward()
        d1 = (d2 @ net.w2.T) * (1 - h * h)
        net.w2 -= h.T @ d2
        net.w1 -= x.T @ d1

    return step


def run_rule(*sizes):
    net, lr, decay = Net(*sizes), f32(0.01), f32(0.1)

    def step():
        x, h, d2 = net.forward()
        d1 = (d2 @ net.back) * (h * h - 1) / lr
        net.w2 -= h.T @ d2
        net.w1 += lr * (x.T * d1 - decay * (h * h) * net.w1)

    return step
