/* Maps over interiors, and their products with one number a sample. */

KERNEL(zero)
{
    global REAL *y = ROW_OUT;
    EACH(p, c.out.row) y[p] = 0;
}

KERNEL(copy)
{
    const global REAL *x = ROW_OF(0);
    global REAL *y = ROW_OUT;
    EACH(p, c.out.row) y[p] = x[p];
}

KERNEL(add)
{
    const global REAL *a = ROW_OF(0), *b = ROW_OF(1);
    global REAL *y = ROW_OUT;
    EACH(p, c.out.row) y[p] = alpha * a[p] + beta * b[p];
}

KERNEL(scale)
{
    const global REAL *x = ROW_OF(0);
    global REAL *y = ROW_OUT;
    EACH(p, c.out.row) y[p] = alpha * x[p];
}

KERNEL(multiply)
{
    const global REAL *a = ROW_OF(0), *b = ROW_OF(1);
    global REAL *y = ROW_OUT;
    EACH(p, c.out.row) y[p] = a[p] * b[p];
}

/* a^p of a magnitude, for the exponents of losses exactly rounded */
REAL power_of(REAL a, REAL p)
{
    return p == 1 ? a : p == 2 ? a * a : p == (REAL)0.5 ? sqrt(a) : p == -1 ? 1 / a : p == (REAL)-0.5 ? 1 / sqrt(a) : pow(a, p);
}

KERNEL(power)
{
    const global REAL *x = ROW_OF(0);
    global REAL *y = ROW_OUT;
    EACH(p, c.out.row) y[p] = power_of(fabs(x[p]), alpha);
}

/* dy p |x|^(p - 1) sign(x), and 0 where x is 0, or to a root below the least normal number; negative powers are infinite there */
REAL power_slope(REAL x, REAL dy, REAL p)
{
    const REAL a = fabs(x);
    const bool at_zero = p < 0 ? false : p < 1 ? a < LEAST_NORMAL : a == 0;
    return at_zero ? 0 : dy * (p * (p == 1 ? 1 : power_of(a, p - 1)) * copysign((REAL)1, x));
}

KERNEL(power_gradient)
{
    const global REAL *dy = ROW_OF(0), *x = ROW_OF(1);
    global REAL *dx = ROW_OUT;
    EACH(p, c.out.row) dx[p] = power_slope(x[p], dy[p], alpha);
}

/* operand 1: the numbers */
KERNEL(lane_scale)
{
    const global REAL *x = ROW_OF(0), *s = IN(1);
    global REAL *y = ROW_OUT;
    EACH_CELL(c.out) y[p] = alpha * s[lane] * x[p];
}

KERNEL(broadcast)
{
    const global REAL *s = IN(0);
    global REAL *y = ROW_OUT;
    EACH_CELL(c.out) y[p] = alpha * s[lane];
}

/* x, z, numbers, what is added or none: laid out as the result */
KERNEL(square_error_gradient)
{
    const global REAL *x = ROW_OF(0), *z = ROW_OF(1), *s = IN(2), *added = HAS(3) ? IN(3) + row_at(c.out, ROW) : x;
    global REAL *dx = ROW_OUT;
    EACH_CELL(c.out) dx[p] = alpha * s[lane] * (x[p] - z[p]) + (HAS(3) ? added[p] : 0);
}
