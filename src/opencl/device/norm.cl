/* Group norm: channels in equal parts, each with its numbers of a sample, which are channels of tensors without axes. */

#define NUMBER(s, l, which) (s)[(l).origin + (which) * (l).channel]

/* A group takes one part of one sample; alpha: eps. */
SUMMING(group_statistics)
{
    local REAL part[SUM];
    const long lane = ROW % c.out.block, g = ROW / c.out.block;
    const long cells = c.in[0].channels / c.groups * c.in[0].outer[0] * c.in[0].outer[1] * c.in[0].n;
    const global REAL *x = IN(0) + lane;
    REAL sum = 0, squares = 0;
    for (long e = get_local_id(0); e < cells; e += SUM) {
        sum += x[cell_at(c.in[0], g * cells + e)];
    }
    const REAL mean = sum_of_group(sum, part) / cells;
    for (long e = get_local_id(0); e < cells; e += SUM) {
        const REAL d = x[cell_at(c.in[0], g * cells + e)] - mean;
        squares += d * d;
    }
    squares = sum_of_group(squares, part);
    if (get_local_id(0) == 0) {
        NUMBER(OUT + lane, c.out, g) = mean;
        NUMBER(OUT + lane, c.out, c.groups + g) = 1 / sqrt(squares / cells + alpha);
    }
}

/* x, statistics, weights, biases, what is added or none */
KERNEL(group_norm)
{
    POINT
    const long channel = channel_of(c.out, r), g = channel / (c.out.channels / c.groups);
    const global REAL *s = IN(1) + SAMPLE;
    const REAL mean = NUMBER(s, c.in[1], g), inverse = NUMBER(s, c.in[1], c.groups + g);
    const REAL y = (IN(0)[AT(0)] - mean) * (inverse * IN(2)[channel]) + IN(3)[channel];
    OUT[AT_OUT] = activated(c.activation, HAS(4) ? y + IN(4)[AT(4)] : y);
}

/* dy, x, statistics. A group takes one channel of one sample. */
SUMMING(group_moments)
{
    local REAL part[SUM];
    const long lane = ROW % c.out.block, channel = ROW / c.out.block;
    const long g = channel / (c.in[0].channels / c.groups), cells = c.in[0].outer[0] * c.in[0].outer[1] * c.in[0].n;
    const global REAL *s = IN(2) + lane;
    const REAL mean = NUMBER(s, c.in[2], g);
    REAL sum = 0, product = 0;
    for (long e = get_local_id(0); e < cells; e += SUM) {
        const REAL d = (IN(0) + lane)[cell_at(c.in[0], channel * cells + e)];
        sum += d;
        product += d * ((IN(1) + lane)[cell_at(c.in[1], channel * cells + e)] - mean);
    }
    sum = sum_of_group(sum, part);
    product = sum_of_group(product, part);
    if (get_local_id(0) == 0) {
        NUMBER(OUT + lane, c.out, channel) = sum;
        NUMBER(OUT + lane, c.out, c.in[0].channels + channel) = product * NUMBER(s, c.in[2], c.groups + g);
    }
}

/* moments, statistics, weights; alpha: 1 / numbers of a part. An item is a sample, a row a part. */
KERNEL(group_pull)
{
    const long lane = ITEM, g = ROW;
    if (lane >= c.out.block) {
        return;
    }
    const long channels = c.in[0].channels / 2, each = channels / c.groups;
    const global REAL *m = IN(0) + lane, *s = IN(1) + lane;
    REAL sum = 0, product = 0;
    for (long channel = g * each; channel < (g + 1) * each; channel++) {
        sum += IN(2)[channel] * NUMBER(m, c.in[0], channel);
        product += IN(2)[channel] * NUMBER(m, c.in[0], channels + channel);
    }
    const REAL inverse = NUMBER(s, c.in[1], c.groups + g);
    global REAL *p = OUT + lane;
    NUMBER(p, c.out, g) = inverse;
    NUMBER(p, c.out, c.groups + g) = NUMBER(s, c.in[1], g);
    NUMBER(p, c.out, 2 * c.groups + g) = -alpha * inverse * inverse * product;
    NUMBER(p, c.out, 3 * c.groups + g) = -alpha * inverse * sum;
}

/* dy, x, what group_pull made, weights, what is added or none; relu: 0 where x <= 0 */
KERNEL(group_norm_gradient)
{
    POINT
    const long channel = channel_of(c.out, r), g = channel / (c.out.channels / c.groups);
    const global REAL *s = IN(2) + SAMPLE;
    const REAL x = IN(1)[AT(1)], inverse = NUMBER(s, c.in[2], g), mean = NUMBER(s, c.in[2], c.groups + g);
    const REAL q = NUMBER(s, c.in[2], 2 * c.groups + g), t = NUMBER(s, c.in[2], 3 * c.groups + g);
    const REAL dx = inverse * IN(3)[channel] * IN(0)[AT(0)] + (q * (x - mean) + t) + (HAS(4) ? IN(4)[AT(4)] : 0);
    OUT[AT_OUT] = c.activation != E_relu || x > 0 ? dx : 0;
}
