import torch

torch.set_num_threads(1)
torch.set_grad_enabled(False)
torch.manual_seed(1)
version = torch.__version__


def small(*shape):
    return torch.empty(*shape).uniform_(0.001, 0.01)


def run_forward(batch, n, m):
    x, w, y = small(batch, n), small(n, m), torch.empty(batch, m)
    return lambda: torch.mm(x, w, out=y)


def run_backward(batch, n, m):
    e, w, d = small(batch, m), small(n, m), torch.empty(batch, n)
    return lambda: torch.mm(e, w.t(), out=d)


def run_gradient(batch, n, m):
    x, e, g = small(batch, n), small(batch, m), torch.zeros(n, m)
    if batch == 1:
        x, e = x[0], e[0]
        return lambda: g.addr_(x, e)
    return lambda: torch.mm(x.t(), e, out=g)


def run_axpy(n):
    d, x = small(n), small(n)
    return lambda: d.add_(x, alpha=1e-9)


def elementwise(f):
    def make(n):
        x, d = small(n), torch.empty(n)
        return lambda: f(x, out=d)

    return make


run_exp, run_log, run_tanh, run_sigmoid = map(elementwise, (torch.exp, torch.log, torch.tanh, torch.sigmoid))


def run_oja(n, m):
    w, pre, post = small(n, m), small(n, 1), small(1, m)
    return lambda: w.add_(1e-7 * (pre * post - post * post * w))


def run_tanh_rule(n, m):
    w, elig, pre, post, err = small(n, m), small(n, m), small(n, 1), small(1, m), small(1, m)
    return lambda: w.add_(
        1e-7
        * (
            torch.tanh(pre * post)
            - 0.1 * (w.abs() * w)
            + torch.clamp(pre - elig, min=0) * err
            - torch.minimum(post, w) * 0.01
        )
    )


class Net:
    def __init__(self, batch, n, h, classes):
        self.x = torch.rand(64, n)
        self.labels = torch.randint(0, classes, (64,))
        self.y = torch.eye(classes)[self.labels]
        self.w1 = torch.randn(n, h) / n**0.5
        self.w2 = torch.randn(h, classes) / h**0.5
        self.back = torch.randn(classes, h) / classes**0.5
        self.batch, self.at = batch, 0

    def next(self):
        a, b = self.at, self.at + self.batch
        self.at = b % 64
        return self.x[a:b], self.y[a:b], self.labels[a:b]

    def forward(self):
        x, t, _ = self.next()
        h = torch.tanh(x @ self.w1)
        p = torch.softmax(h @ self.w2, 1)
        return x, h, (p - t) * (0.01 / self.batch)


def run_backprop(*sizes):
    net = Net(*sizes)

    def step():
        x, h, d2 = net.forward()
        d1 = (d2 @ net.w2.t()) * (1 - h * h)
        net.w2.addmm_(h.t(), d2, alpha=-1)
        net.w1.addmm_(x.t(), d1, alpha=-1)

    return step


def run_rule(*sizes):
    net = Net(*sizes)

    def step():
        x, h, d2 = net.forward()
        d1 = (d2 @ net.back) * (h * h - 1) / 0.01
        net.w2.addmm_(h.t(), d2, alpha=-1)
        net.w1.add_(0.01 * (x.t() * d1 - 0.1 * (h * h) * net.w1))

    return step


def run_autograd(*sizes):
    data = Net(*sizes)
    _, n, h, classes = sizes
    model = torch.nn.Sequential(
        torch.nn.Linear(n, h, bias=False), torch.nn.Tanh(), torch.nn.Linear(h, classes, bias=False)
    )
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
    loss = torch.nn.CrossEntropyLoss()

    def step():
        x, _, labels = data.next()
        with torch.enable_grad():
            optimiser.zero_grad(set_to_none=True)
            loss(model(x), labels).backward()
        optimiser.step()

    return step
