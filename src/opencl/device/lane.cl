/* Sums over all cells of each sample: a group adds up one of them. */

#define SUM_OF(term, other)                                                                                                        \
    local REAL part[SUM];                                                                                                          \
    const global REAL *x = IN(0) + ROW, *z = IN(other) + ROW;                                                                      \
    REAL sum = 0;                                                                                                                  \
    EACH_TERM(c.in[0], c.in[other], 0, c.in[0].channels * c.in[0].outer[0] * c.in[0].outer[1], a, b) sum += term(x[a], z[b]);      \
    sum = sum_of_group(sum, part);                                                                                                 \
    if (get_local_id(0) == 0) {                                                                                                    \
        OUT[ROW] = alpha * sum;                                                                                                    \
    }

REAL first_of(REAL x, REAL z)
{
    return x;
}
REAL product_of(REAL x, REAL z)
{
    return x * z;
}
REAL square_of(REAL x, REAL z)
{
    return (x - z) * (x - z);
}

SUMMING(sum)
{
    SUM_OF(first_of, 0)
}

SUMMING(dot)
{
    SUM_OF(product_of, 1)
}

SUMMING(square_error)
{
    SUM_OF(square_of, 1)
}
