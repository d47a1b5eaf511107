/* Sums over all cells of each sample: a group adds up one of them. */

#define EACH_LANE(term)                                                                                                            \
    local REAL part[SUM];                                                                                                          \
    const long lane = ROW, cells = c.in[0].channels * c.in[0].outer[0] * c.in[0].outer[1] * c.in[0].n;                \
    const global REAL *x = IN(0) + lane, *z = IN(1) + lane;                                                                        \
    REAL sum = 0;                                                                                                                  \
    for (long e = get_local_id(0); e < cells; e += SUM) {                                                                          \
        sum += term;                                                                                                               \
    }                                                                                                                              \
    sum = sum_of_group(sum, part);                                                                                                 \
    if (get_local_id(0) == 0) {                                                                                                    \
        OUT[lane] = alpha * sum;                                                                                                   \
    }
#define X x[cell_at(c.in[0], e)]
#define Z z[cell_at(c.in[1], e)]

SUMMING(sum)
{
    EACH_LANE(X)
}

SUMMING(dot)
{
    EACH_LANE(X *Z)
}

SUMMING(square_error)
{
    EACH_LANE((X - Z) * (X - Z))
}
#undef X
#undef Z
