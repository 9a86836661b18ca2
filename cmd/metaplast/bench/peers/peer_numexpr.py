import numexpr
import numpy as np

numexpr.set_num_threads(1)
version = numexpr.__version__
f32 = np.float32
rng = np.random.default_rng(1)


def small(*shape):
    return rng.uniform(0.001, 0.01, shape).astype(f32)


def rule(text, values):
    return lambda: numexpr.evaluate(text, local_dict=values, out=values["w"])


def run_oja(n, m):
    values = dict(w=small(n, m), pre=small(n, 1), post=small(1, m), lr=f32(1e-7))
    return rule("w + lr*(pre*post - post*post*w)", values)


def run_tanh_rule(n, m):
    values = dict(w=small(n, m), elig=small(n, m), pre=small(n, 1), post=small(1, m), err=small(1, m))
    values.update(lr=f32(1e-7), a=f32(0.1), b=f32(0.01), zero=f32(0))
    return rule(
        "w + lr*(tanh(pre*post) - a*(abs(w)*w) + where(pre - elig > zero, pre - elig, zero)*err - where(post < w, post, w)*b)",
        values,
    )
