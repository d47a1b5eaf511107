/* Convolutions over rows, and their gradients.
 *
 * table: of each phase of y (taps, where they begin in the table, where its packed weights begin, 0), then taps: (offset in x,
 * place in the weights of a pair of channels). more: input and output channels of a group and phase, groups, phases, tiles of
 * output channels, taps of the weights, reals between input channels, whether the weights are read flipped. */

#define INPUTS c.more[0]
#define OUTPUTS c.more[1]
#define GROUPS c.more[2]
#define PHASES c.more[3]
#define TILES c.more[4]
#define KERNEL_TAPS c.more[5]
#define X_CHANNEL c.more[6]
#define FLIPPED c.more[7]

/* Row `row` of a channel of x or y, where y's rows decide. */
long row_of(const layout l, const layout y, long row)
{
    return l.origin + row / y.outer[1] * l.outer_stride[0] + row % y.outer[1] * l.outer_stride[1];
}

/* Channel o of a group of y. */
long output_at(const call c, const layout y, long phase, long g, long o)
{
    return ((g * OUTPUTS + o) * PHASES + phase) * y.channel;
}

/* ---- y from x ---- */

/* A row is a tile of a group and phase. */
KERNEL(pack)
{
    const long tile = ROW % TILES, g = ROW / TILES % GROUPS;
    const global long *phase = table + ROW / TILES / GROUPS * 4;
    const global REAL *w = IN(0) + g * OUTPUTS * INPUTS * KERNEL_TAPS;
    global REAL *packed = OUT + phase[2] + (g * TILES + tile) * INPUTS * phase[0] * TILE;
    EACH(item, INPUTS * phase[0] * TILE)
    {
        const long o = tile * TILE + item % TILE, i = item / TILE / phase[0], t = item / TILE % phase[0];
        const long pair = FLIPPED ? i * OUTPUTS + o : o * INPUTS + i;
        packed[item] = o < OUTPUTS ? w[pair * KERNEL_TAPS + table[phase[1] + 2 * t + 1]] : 0;
    }
}

/* operand 1: packed weights, 2: bias, 3: mask, 4: what is added. A row is one of y's, of a tile of a group and phase. */
KERNEL(conv)
{
    const long rows = c.out.outer[0] * c.out.outer[1], row = ROW % rows, tile = ROW / rows % TILES;
    const long g = ROW / rows / TILES % GROUPS, phase = ROW / rows / TILES / GROUPS, taps = table[4 * phase], inputs = INPUTS;
    const long x_channel = X_CHANNEL, length = c.out.row;
    const global long *tap = table + table[4 * phase + 1];
    const global REAL *weights = IN(1) + table[4 * phase + 2] + (g * TILES + tile) * inputs * taps * TILE;
    const global REAL *from = IN(0) + row_of(c.in[0], c.out, row) + g * inputs * x_channel;
    const long first = row_of(c.out, c.out, row);
    EACH(vector, (length + WIDTH - 1) / WIDTH)
    {
        const long p = vector * WIDTH;
        const global REAL *x = from + p, *w = weights;
        reals sum[TILE];
        UNROLL for (int o = 0; o < TILE; o++) sum[o] = 0;
        for (long i = 0; i < inputs; i++, x += x_channel) {
            for (long t = 0; t < taps; t++, w += TILE) {
                const reals v = LOAD(x + tap[2 * t]);
                UNROLL for (int o = 0; o < TILE; o++) sum[o] += w[o] * v;
            }
        }
        UNROLL for (int o = 0; o < TILE; o++)
        {
            const long channel = tile * TILE + o, at = first + output_at(c, c.out, phase, g, channel) + p;
            if (channel < OUTPUTS) {
                reals y = sum[o];
                y += HAS(2) ? IN(2)[g * OUTPUTS + channel] : 0;
                y = HAS(4) ? y + LOAD(IN(4) + at) : y;
                y = activated(c.activation, y);
                y = HAS(3) ? (LOAD(IN(3) + at) > (reals)0 ? y : (reals)0) : y;
                put_first(y, OUT + at, length - p);
            }
        }
    }
}

/* ---- gradients: inputs x, dy ---- */

/* A row is a tile of a group and phase, and a cut of its pairs. */
SUMMING(conv_weights)
{
    local REAL part[SUM];
    const long cuts = c.more[8]; /* of a phase's pairs, at most */
    const long cut = ROW % cuts, tile = ROW / cuts % TILES, g = ROW / cuts / TILES % GROUPS;
    const long phase = ROW / cuts / TILES / GROUPS, taps = table[4 * phase], pairs = INPUTS * taps;
    const global long *tap = table + table[4 * phase + 1];
    if (cut * PAIRS >= pairs) {
        return;
    }
    const global REAL *x[PAIRS], *dy[TILE];
    reals sum[TILE][PAIRS];
    UNROLL for (int j = 0; j < PAIRS; j++) {
        const long pair = min(cut * PAIRS + j, pairs - 1);
        x[j] = IN(0) + (g * INPUTS + pair / taps) * X_CHANNEL + tap[2 * (pair % taps)];
    }
    UNROLL for (int o = 0; o < TILE; o++) {
        dy[o] = IN(1) + output_at(c, c.in[1], phase, g, min(tile * TILE + o, OUTPUTS - 1));
        UNROLL for (int j = 0; j < PAIRS; j++) {
            sum[o][j] = 0;
        }
    }
    for (long row = 0; row < c.in[1].outer[0] * c.in[1].outer[1]; row++) {
        const long from = row_of(c.in[0], c.in[1], row), of = row_of(c.in[1], c.in[1], row);
        for (long p = get_local_id(0) * WIDTH; p < c.in[1].row; p += SUM * WIDTH) {
            const long left = c.in[1].row - p;
            reals v[PAIRS];
            UNROLL for (int j = 0; j < PAIRS; j++) {
                v[j] = left < WIDTH ? load_first(x[j] + from + p, left) : LOAD(x[j] + from + p);
            }
            UNROLL for (int o = 0; o < TILE; o++) {
                const reals d = left < WIDTH ? load_first(dy[o] + of + p, left) : LOAD(dy[o] + of + p);
                UNROLL for (int j = 0; j < PAIRS; j++) {
                    sum[o][j] += d * v[j];
                }
            }
        }
    }
    UNROLL for (int o = 0; o < TILE; o++) {
        UNROLL for (int j = 0; j < PAIRS; j++) {
            const REAL all = sum_of_group(total(sum[o][j]), part);
            const long channel = tile * TILE + o, pair = cut * PAIRS + j;
            if (get_local_id(0) == 0 && channel < OUTPUTS && pair < pairs) {
                const long at = ((g * OUTPUTS + channel) * INPUTS + pair / taps) * KERNEL_TAPS;
                OUT[at + tap[2 * (pair % taps) + 1]] += all;
            }
        }
    }
}

/* A group adds up one channel. */
SUMMING(bias_gradient)
{
    local REAL part[SUM];
    const long channel = ROW, rows = c.in[0].outer[0] * c.in[0].outer[1];
    reals sum = 0;
    for (long row = 0; row < rows; row++) {
        const global REAL *dy = IN(0) + row_at(c.in[0], channel * rows + row);
        for (long p = get_local_id(0) * WIDTH; p < c.in[0].row; p += SUM * WIDTH) {
            const long left = c.in[0].row - p;
            sum += left < WIDTH ? load_first(dy + p, left) : LOAD(dy + p);
        }
    }
    const REAL all = sum_of_group(total(sum), part);
    if (get_local_id(0) == 0) {
        OUT[channel] += all;
    }
}
