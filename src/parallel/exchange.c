/* Peers add: by recursive doubling what is short, what is long by scattering sums and gathering answers. */
#include "parallel/exchange.h"

#include <string.h>

#include "base/memory.h"
#include "parallel/job.h"

enum {
    TAG = 7,
    GRAIN = 16,         /* items: a cache line of floats */
    SEGMENT = 64 << 10, /* bytes that are added while the next ones come */
    SLOTS = 4,          /* that are on their way */
    LARGEST = 1 << 30,  /* bytes of a message: MPI counts are int */
};

/* Bytes that one message carries. */
typedef struct tx_piece {
    int64_t offset;
    int bytes;
} piece;

/* ---- Ranges ---- */

tx_range tx_range_part(tx_range whole, int parts, int k)
{
    const int64_t grains = (whole.end - whole.first + GRAIN - 1) / GRAIN;
    const int64_t first = whole.first + grains * k / parts * GRAIN, end = whole.first + grains * (k + 1) / parts * GRAIN;
    return (tx_range){first < whole.end ? first : whole.end, end < whole.end ? end : whole.end};
}

/* Blocks [from, to) of the share, counted from one's own on, cyclically: two ranges, of which one may be empty. */
typedef struct arc {
    tx_range ranges[2];
} arc;

static tx_range blocks(const tx_exchange *exchange, int from, int to)
{
    const tx_range share = exchange->share;
    return (tx_range){tx_range_part(share, exchange->count, from).first, to > from
                                                                             ? tx_range_part(share, exchange->count, to - 1).end
                                                                             : tx_range_part(share, exchange->count, from).first};
}

static arc arc_of(const tx_exchange *exchange, int from, int to)
{
    const int n = exchange->count, first = exchange->place + from, end = exchange->place + to;
    if (first >= n) {
        return (arc){{blocks(exchange, first - n, end - n)}};
    }
    return end <= n ? (arc){{blocks(exchange, first, end)}} : (arc){{blocks(exchange, first, n), blocks(exchange, 0, end - n)}};
}

/* ---- Pieces ---- */

static piece *cut(piece *next, int64_t first, int64_t end, int64_t most)
{
    for (; first < end; first += most) {
        *next++ = (piece){first, (int)(end - first < most ? end - first : most)};
    }
    return next;
}

/* The words of an arc. The tail follows the last limbs, so a range that reaches into it is one there. */
static int cut_words(const tx_exchange *exchange, arc arc, piece *out)
{
    const tx_summands *of = exchange->of;
    piece *next = out;
    for (int k = 0; k < 2; k++) {
        const tx_range range = arc.ranges[k];
        for (int limb = 0; limb < of->limbs; limb++) {
            const int64_t end = limb == of->limbs - 1 || range.end < of->elements ? range.end : of->elements;
            const int64_t offset = limb * of->elements;
            next = cut(next, 8 * (offset + range.first), 8 * (offset + end), SEGMENT);
        }
    }
    return (int)(next - out);
}

int64_t tx_answer_offset(const tx_summands *of, int64_t item)
{
    const int64_t tail = item - of->elements, real = (int64_t)of->real;
    return tail < 0 ? item * real : (of->elements * real + 7) / 8 * 8 + 8 * tail;
}

static int cut_answer(const tx_exchange *exchange, arc arc, piece *out)
{
    piece *next = out;
    for (int k = 0; k < 2; k++) {
        next = cut(next, tx_answer_offset(exchange->of, arc.ranges[k].first), tx_answer_offset(exchange->of, arc.ranges[k].end),
                   LARGEST);
    }
    return (int)(next - out);
}

/* ---- Messages ---- */

static tx_status send(const tx_exchange *exchange, int peer, const void *memory, const piece *pieces, int count,
                      MPI_Request *requests, tx_error *error)
{
    for (int k = 0; k < count; k++) {
        const int code = MPI_Isend((const char *)memory + pieces[k].offset, pieces[k].bytes, MPI_BYTE, exchange->peers[peer], TAG,
                                   exchange->parallel->all, &requests[k]);
        TX_TRY(tx_mpi_status(code, "sending a sum", error));
    }
    return TX_OK;
}

static tx_status receive(const tx_exchange *exchange, int peer, void *to, int bytes, MPI_Request *request, tx_error *error)
{
    const int code = MPI_Irecv(to, bytes, MPI_BYTE, exchange->peers[peer], TAG, exchange->parallel->all, request);
    return tx_mpi_status(code, "receiving a sum", error);
}

static tx_status wait(const tx_exchange *exchange, int count, MPI_Request *requests, tx_error *error)
{
    return tx_parallel_wait(exchange->parallel, count, requests, "adding over machines", error);
}

/* Adds what a peer sends, piece by piece, while the next ones come. */
static tx_status receive_and_add(const tx_exchange *exchange, int peer, const piece *pieces, int count, tx_error *error)
{
    MPI_Request requests[SLOTS];
    for (int k = 0; k < count + SLOTS; k++) {
        char *slot = exchange->incoming + (size_t)(k % SLOTS) * SEGMENT;
        if (k >= SLOTS && k - SLOTS < count) {
            const piece piece = pieces[k - SLOTS];
            TX_TRY(wait(exchange, 1, &requests[k % SLOTS], error));
            exchange->of->add(piece.bytes / 8, (int64_t *)(void *)slot, exchange->words + piece.offset / 8);
        }
        if (k < count) {
            TX_TRY(receive(exchange, peer, slot, pieces[k].bytes, &requests[k % SLOTS], error));
        }
    }
    return TX_OK;
}

static void answer(const tx_exchange *exchange, tx_range range)
{
    const tx_summands *of = exchange->of;
    const int64_t elements = range.end < of->elements ? range.end : of->elements;
    const int64_t tail = range.first > of->elements ? range.first : of->elements;
    if (range.first < elements) {
        of->round(of->state, exchange->words, range.first, elements, exchange->answer);
    }
    if (tail < range.end) {
        memcpy((char *)exchange->answer + tx_answer_offset(of, tail), exchange->words + (of->limbs - 1) * of->elements + tail,
               8 * (size_t)(range.end - tail));
    }
}

/* ---- Scattering and gathering ----
 *
 * Blocks are counted from one's own on. Of `count` blocks, sums of the upper half go to the peer for whom they are the first ones;
 * so do the lower half's, among fewer; back come the answers. */

static tx_status scatter(const tx_exchange *exchange, int count, int skip, tx_error *error)
{
    const int n = exchange->count, to = (exchange->place + skip) % n, from = (exchange->place - skip + n) % n;
    piece *out = exchange->pieces;
    const int sent = cut_words(exchange, arc_of(exchange, skip, count), out);
    TX_TRY(send(exchange, to, exchange->words, out, sent, exchange->requests, error));
    piece *in = out + sent;
    TX_TRY(receive_and_add(exchange, from, in, cut_words(exchange, arc_of(exchange, 0, count - skip), in), error));
    return wait(exchange, sent, exchange->requests, error);
}

static tx_status gather(const tx_exchange *exchange, int count, int skip, tx_error *error)
{
    const int n = exchange->count, to = (exchange->place - skip + n) % n, from = (exchange->place + skip) % n;
    piece *in = exchange->pieces;
    const int expected = cut_answer(exchange, arc_of(exchange, skip, count), in);
    for (int k = 0; k < expected; k++) {
        void *place = (char *)exchange->answer + in[k].offset;
        TX_TRY(receive(exchange, from, place, in[k].bytes, &exchange->requests[k], error));
    }
    piece *out = in + expected;
    const int sent = cut_answer(exchange, arc_of(exchange, 0, count - skip), out);
    TX_TRY(send(exchange, to, exchange->answer, out, sent, exchange->requests + expected, error));
    return wait(exchange, expected + sent, exchange->requests, error);
}

static tx_status meet(const tx_exchange *exchange, int count, tx_error *error)
{
    const int skip = (count + 1) / 2;
    if (count == 1) {
        answer(exchange, tx_range_part(exchange->share, exchange->count, exchange->place));
        return TX_OK;
    }
    TX_TRY(scatter(exchange, count, skip, error));
    TX_TRY(meet(exchange, skip, error));
    return gather(exchange, count, skip, error);
}

static tx_status scatter_and_gather(const tx_exchange *exchange, tx_error *error)
{
    return meet(exchange, exchange->count, error);
}

/* ---- Doubling ---- */

static piece everything(const tx_exchange *exchange)
{
    return (piece){0, (int)tx_summands_bytes(exchange->of)};
}

static tx_status swap(const tx_exchange *exchange, int peer, tx_error *error)
{
    const piece all = everything(exchange);
    MPI_Request requests[2];
    TX_TRY(receive(exchange, peer, exchange->incoming, all.bytes, &requests[0], error));
    TX_TRY(send(exchange, peer, exchange->words, &all, 1, &requests[1], error));
    TX_TRY(wait(exchange, 2, requests, error));
    exchange->of->add(all.bytes / 8, (int64_t *)(void *)exchange->incoming, exchange->words);
    return TX_OK;
}

static tx_status hand_over(const tx_exchange *exchange, int peer, tx_error *error)
{
    const piece all = everything(exchange);
    MPI_Request request;
    TX_TRY(send(exchange, peer, exchange->words, &all, 1, &request, error));
    return wait(exchange, 1, &request, error);
}

/* Those beyond a power of two have one of the others add for them. */
static tx_status represented(const tx_exchange *exchange, int peer, tx_error *error)
{
    MPI_Request request;
    TX_TRY(hand_over(exchange, peer, error));
    TX_TRY(receive(exchange, peer, exchange->words, everything(exchange).bytes, &request, error));
    return wait(exchange, 1, &request, error);
}

static tx_status doubling(const tx_exchange *exchange, tx_error *error)
{
    const int core = 1 << (31 - __builtin_clz((unsigned)exchange->count)), other = exchange->place + core;
    const piece all = everything(exchange);
    if (exchange->place >= core) {
        TX_TRY(represented(exchange, exchange->place - core, error));
    } else {
        TX_TRY(other < exchange->count ? receive_and_add(exchange, other, &all, 1, error) : TX_OK);
        for (int bit = 1; bit < core; bit *= 2) {
            TX_TRY(swap(exchange, exchange->place ^ bit, error));
        }
        TX_TRY(other < exchange->count ? hand_over(exchange, other, error) : TX_OK);
    }
    answer(exchange, exchange->share);
    return TX_OK;
}

/* ---- Ways ---- */

struct tx_way {
    size_t longest; /* vector, in bytes */
    bool alone;     /* one rank a machine carries all of it */
    tx_status (*run)(const tx_exchange *exchange, tx_error *error);
};

/* By scripts/simulate_sum.sh (100 Gb/s, 2 us, 10 GB/s added; 4, 16, 64 and 96 ranks): doubling takes 0.6 to 0.75 of the other's
 * time over 8,000 bytes, 1.02 to 1.27 over 16,000, 2.8 over 128,000. */
static const tx_way ways[] = {
    {12 << 10, true, doubling},
    {SIZE_MAX, false, scatter_and_gather},
};

static const tx_way *way_of(const tx_summands *of)
{
    const tx_way *way = ways;
    while (way->longest < tx_summands_bytes(of)) {
        way++;
    }
    return way;
}

bool tx_exchange_is_short(const tx_summands *of)
{
    return way_of(of)->alone;
}

tx_status tx_exchange_create(tx_exchange *exchange, tx_error *error)
{
    const tx_summands *of = exchange->of;
    const size_t items = (size_t)(exchange->share.end - exchange->share.first), bytes = 8 * items * (size_t)of->limbs;
    const size_t most = bytes / SEGMENT + 2 * (size_t)of->limbs + 2; /* pieces of an arc */
    exchange->way = way_of(of);
    TX_TRY(tx_allocate_array(2 * most, sizeof *exchange->pieces, error, &exchange->pieces));
    TX_TRY(tx_allocate_array(2 * most, sizeof *exchange->requests, error, &exchange->requests));
    return exchange->count == 1 ? TX_OK : tx_allocate(SLOTS * SEGMENT, error, &exchange->incoming);
}

void tx_exchange_destroy(tx_exchange *exchange)
{
    tx_free(exchange->incoming);
    tx_free(exchange->requests);
    tx_free(exchange->pieces);
    tx_free(exchange->peers);
}

tx_status tx_exchange_run(tx_exchange *exchange, tx_error *error)
{
    if (exchange->count == 1) {
        answer(exchange, exchange->share);
        return TX_OK;
    }
    return exchange->way->run(exchange, error);
}
