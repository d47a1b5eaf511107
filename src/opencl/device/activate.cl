/* Activations as jax.nn defines them, and their derivatives: of the output or of the input, as the host's table says. */

#define TWO_SQRT_2_OVER_PI ((REAL)1.5957691216057308)
#define CUBIC ((REAL)0.044715)

/* 1 / (1 + exp(-2 u)), u = sqrt(2 / pi) (x + 0.044715 x^3) */
REAL gelu_gate(REAL x)
{
    return 1 / (1 + exp(-TWO_SQRT_2_OVER_PI * x * (1 + CUBIC * (x * x))));
}

REAL activated(int e, REAL x)
{
    switch (e) {
    case E_relu:
        return x > 0 ? x : x != x ? x : 0;
    case E_tanh:
        return tanh(x);
    case E_sigmoid:
        return 1 / (1 + exp(-x));
    case E_gelu:
        return x * gelu_gate(x);
    case E_silu:
        return x / (1 + exp(-x));
    case E_leaky_relu:
        return x >= 0 ? x : (REAL)0.01 * x;
    case E_elu:
        return x > 0 ? x : expm1(x);
    case E_softplus:
        return fmax(x, (REAL)0) + log1p(exp(-fabs(x)));
    default:
        return x;
    }
}

/* s: saved output or input; d: cotangent of the output */
REAL activation_slope(int e, REAL s, REAL d)
{
    REAL g;
    switch (e) {
    case E_relu:
        return s > 0 ? d : 0;
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
        return s >= 0 ? d : (REAL)0.01 * d;
    case E_elu:
        return s > 0 ? d : d * (s + 1);
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
    EACH(p, c.out.row) y[p] = activated(c.activation, x[p]);
}

KERNEL(activate_gradient)
{
    const global REAL *dy = ROW_OF(0), *s = ROW_OF(1);
    global REAL *dx = ROW_OUT;
    EACH(p, c.out.row) dx[p] = activation_slope(c.activation, s[p], dy[p]);
}
