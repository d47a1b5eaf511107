/* Maps over interiors, and their products with one number a sample. */

KERNEL(zero)
{
    POINT
    OUT[AT_OUT] = 0;
}

KERNEL(copy)
{
    POINT
    OUT[AT_OUT] = IN(0)[AT(0)];
}

KERNEL(add)
{
    POINT
    OUT[AT_OUT] = alpha * IN(0)[AT(0)] + beta * IN(1)[AT(1)];
}

KERNEL(scale)
{
    POINT
    OUT[AT_OUT] = alpha * IN(0)[AT(0)];
}

KERNEL(multiply)
{
    POINT
    OUT[AT_OUT] = IN(0)[AT(0)] * IN(1)[AT(1)];
}

/* a^p of a magnitude, for the exponents of losses exactly rounded */
REAL power_of(REAL a, REAL p)
{
    return p == 1 ? a : p == 2 ? a * a : p == (REAL)0.5 ? sqrt(a) : p == -1 ? 1 / a : p == (REAL)-0.5 ? 1 / sqrt(a) : pow(a, p);
}

KERNEL(power)
{
    POINT
    OUT[AT_OUT] = power_of(fabs(IN(0)[AT(0)]), alpha);
}

/* dy p |x|^(p - 1) sign(x), and 0 where x is 0, or to a root below the least normal number; negative powers are infinite there */
KERNEL(power_gradient)
{
    POINT
    const REAL x = IN(1)[AT(1)], a = fabs(x);
    const bool at_zero = alpha < 0 ? false : alpha < 1 ? a < LEAST_NORMAL : a == 0;
    OUT[AT_OUT] = at_zero ? 0 : IN(0)[AT(0)] * (alpha * (alpha == 1 ? 1 : power_of(a, alpha - 1)) * copysign((REAL)1, x));
}

/* operand 1: the numbers */
KERNEL(lane_scale)
{
    POINT
    OUT[AT_OUT] = alpha * IN(1)[SAMPLE] * IN(0)[AT(0)];
}

KERNEL(broadcast)
{
    POINT
    OUT[AT_OUT] = alpha * IN(0)[SAMPLE];
}

KERNEL(square_error_gradient)
{
    POINT
    const REAL slope = alpha * IN(2)[SAMPLE] * (IN(0)[AT(0)] - IN(1)[AT(1)]);
    OUT[AT_OUT] = slope + (HAS(3) ? IN(3)[AT_OUT] : 0);
}
