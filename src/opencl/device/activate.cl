/* Activations as jax.nn defines them, and their derivatives: of the output or of the input, as the host's table says. */

#define TWO_SQRT_2_OVER_PI ((REAL)1.5957691216057308)
#define CUBIC ((REAL)0.044715)
#define ZERO ((reals)0)

/* 1 / (1 + exp(-2 u)), u = sqrt(2 / pi) (x + 0.044715 x^3) */
reals gelu_gate(reals x)
{
    return 1 / (1 + exp(-TWO_SQRT_2_OVER_PI * x * (1 + CUBIC * (x * x))));
}

reals activated(int e, reals x)
{
    switch (e) {
    case E_relu:
        return x < ZERO ? ZERO : x;
    case E_tanh:
        return tanh(x);
    case E_sigmoid:
        return 1 / (1 + exp(-x));
    case E_gelu:
        return x * gelu_gate(x);
    case E_silu:
        return x / (1 + exp(-x));
    case E_leaky_relu:
        return x >= ZERO ? x : (REAL)0.01 * x;
    case E_elu:
        return x > ZERO ? x : expm1(x);
    case E_softplus:
        return fmax(x, ZERO) + log1p(exp(-fabs(x)));
    default:
        return x;
    }
}

REAL activated_one(int e, REAL x)
{
    const reals y = activated(e, (reals)x);
    return e == E_identity ? x : *(const REAL *)&y;
}

/* s: saved output or input; d: cotangent of the output */
reals activation_slope(int e, reals s, reals d)
{
    reals g;
    switch (e) {
    case E_relu:
        return s > ZERO ? d : ZERO;
    case E_tanh:
        return d * ((1 - s) * (1 + s));
    case E_sigmoid:
        return d * (s * (1 - s));
    case E_gelu:
        g = gelu_gate(s);
        return d * (g + g * (1 - g) * (s * (TWO_SQRT_2_OVER_PI + 3 * TWO_SQRT_2_OVER_PI * CUBIC * (s * s))));
    case E_silu:
        g = 1 / (1 + exp(-s));
        return d * (g + s * g * (1 / (1 + exp(s))));
    case E_leaky_relu:
        return s >= ZERO ? d : (REAL)0.01 * d;
    case E_elu:
        return s > ZERO ? d : d * (s + 1);
    case E_softplus:
        return -d * expm1(-s);
    default:
        return d;
    }
}

KERNEL(activate)
{
    const global REAL *x = ROW_OF(0);
    global REAL *y = ROW_OUT;
    EACH_VECTOR(p, c.out.row) put_first(activated(c.activation, LOAD(x + p)), y + p, c.out.row - p);
}

KERNEL(activate_gradient)
{
    const global REAL *dy = ROW_OF(0), *s = ROW_OF(1);
    global REAL *dx = ROW_OUT;
    EACH_VECTOR(p, c.out.row) put_first(activation_slope(c.activation, LOAD(s + p), LOAD(dy + p)), dx + p, c.out.row - p);
}
