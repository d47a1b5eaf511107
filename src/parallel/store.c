/* The store: where every item lies, and how its windows come here.
 *
 * Rank r of P holds items [r*n/P, (r+1)*n/P). `local[r]` is that range in this rank's address space: its own, or that of a
 * neighbour on the same machine, mapped from one region in rank order. A window whose items all lie in one piece here is
 * handed out as a pointer; any other is gathered into the slot's buffer, from local memory and by MPI_Rget. */
#include <string.h>

#include "base/memory.h"
#include "parallel/job.h"
#include "parallel/region.h"

static const size_t LARGEST_GET = (size_t)1 << 30; /* MPI counts are int */

typedef struct slot {
    const void **windows;
    char *buffer;
    MPI_Request *requests;
    int num_requests;
} slot;

struct tx_store {
    tx_parallel *parallel;
    int64_t num_items;
    size_t item_bytes;
    int parts; /* 1 when every rank has everything */
    int part;  /* which of them is this rank's */
    char **local;
    char *owned; /* this rank's part where it is not shared */
    tx_region region;
    const char *whole; /* all items, where they lie in one piece here: no window needs gathering */
    bool strided;      /* items of a window may lie apart */
    bool one_sided;    /* some rank reads others' memory through MPI */
    MPI_Win window;
    bool locked;
    int max_windows, max_length, max_requests;
    slot slots[TX_STORE_SLOTS];
};

/* ---- Ranges ---- */

static int64_t first_of(const tx_store *store, int part)
{
    return part * store->num_items / store->parts;
}

static size_t bytes_of(const tx_store *store, int part)
{
    return (size_t)(first_of(store, part + 1) - first_of(store, part)) * store->item_bytes;
}

static int owner_of(const tx_store *store, int64_t item)
{
    return (int)(((item + 1) * store->parts - 1) / store->num_items);
}

static bool same_machine(const tx_store *store, int part)
{
    const int *machine_of = store->parallel->machine_of;
    return machine_of[part] == machine_of[store->part];
}

/* A run of items with one owner: the first of a window, or of what is left of it. */
typedef struct piece {
    int owner;
    size_t offset, bytes; /* within the owner's part */
    char *local;          /* NULL: on another machine */
} piece;

static piece piece_at(const tx_store *store, int64_t item, int64_t end)
{
    const int owner = owner_of(store, item);
    const int64_t first = first_of(store, owner), next = first_of(store, owner + 1);
    const size_t offset = (size_t)(item - first) * store->item_bytes;
    return (piece){.owner = owner,
                   .offset = offset,
                   .bytes = (size_t)((end < next ? end : next) - item) * store->item_bytes,
                   .local = store->local[owner] ? store->local[owner] + offset : NULL};
}

/* Where items [first, end) lie in one piece, or NULL. */
static const char *one_piece(const tx_store *store, int64_t first, int64_t end)
{
    const char *begin = NULL, *expected = NULL;
    for (int64_t item = first; item < end;) {
        const piece piece = piece_at(store, item, end);
        if (!piece.local || (begin && piece.local != expected)) {
            return NULL;
        }
        begin = begin ? begin : piece.local;
        expected = piece.local + piece.bytes;
        item += (int64_t)(piece.bytes / store->item_bytes);
    }
    return begin;
}

/* ---- Making and filling ---- */

static tx_status share_parts(tx_store *store, tx_error *error)
{
    size_t total = 0, mine = 0;
    for (int part = 0; part < store->parts; part++) {
        mine = part == store->part ? total : mine;
        total += same_machine(store, part) ? bytes_of(store, part) : 0;
    }
    TX_TRY(tx_region_create(store->parallel, total, mine, bytes_of(store, store->part), error, &store->region));
    char *next = store->region.base;
    for (int part = 0; next && part < store->parts; part++) {
        if (same_machine(store, part)) {
            store->local[part] = next;
            next += bytes_of(store, part);
        }
    }
    return TX_OK;
}

static tx_status own_part(tx_store *store, tx_error *error)
{
    if (store->region.base) {
        return TX_OK;
    }
    TX_TRY(tx_allocate(bytes_of(store, store->part), error, &store->owned));
    store->local[store->part] = store->owned;
    return TX_OK;
}

/* All machines must know whether any of them reads through MPI: windows are made together. */
static tx_status decide_one_sided(tx_store *store, tx_error *error)
{
    store->whole = store->num_items ? one_piece(store, 0, store->num_items) : store->local[store->part];
    int64_t any = 0;
    for (int part = 0; part < store->parts; part++) {
        any |= !store->local[part] && bytes_of(store, part);
    }
    TX_TRY(tx_parallel_max(store->parallel, &any, 1, error));
    store->one_sided = any;
    return TX_OK;
}

static tx_status place(tx_store *store, bool share, tx_error *error)
{
    tx_parallel *parallel = store->parallel;
    TX_TRY(tx_parallel_agree(parallel, tx_allocate_array((size_t)store->parts, sizeof(char *), error, &store->local), error));
    if (store->parts > 1 && share) {
        TX_TRY(tx_parallel_agree(parallel, share_parts(store, error), error));
    }
    TX_TRY(tx_parallel_agree(parallel, own_part(store, error), error));
    return decide_one_sided(store, error);
}

tx_status tx_store_create(tx_parallel *parallel, tx_placement placement, int64_t num_items, size_t item_bytes, bool share,
                          tx_error *error, tx_store **out)
{
    const bool sharded = placement == TX_SHARDED;
    tx_store *store = NULL;
    tx_status status = num_items < 0 || !item_bytes ? tx_error_set(error, TX_FAILURE, "a store needs items of at least one byte")
                                                    : tx_allocate(sizeof *store, error, &store);
    status = tx_parallel_agree(parallel, status, error);
    if (status != TX_OK) {
        tx_free(store);
        return status;
    }
    *store = (tx_store){.parallel = parallel,
                        .num_items = num_items,
                        .item_bytes = item_bytes,
                        .parts = sharded ? parallel->size : 1,
                        .part = sharded ? parallel->rank : 0,
                        .window = MPI_WIN_NULL};
    status = place(store, share, error);
    if (status != TX_OK) {
        tx_store_destroy(store);
        return status;
    }
    *out = store;
    return TX_OK;
}

void tx_store_part(const tx_store *store, int64_t *first, int64_t *count, void **items)
{
    *first = first_of(store, store->part);
    *count = first_of(store, store->part + 1) - *first;
    *items = store->local[store->part];
}

static tx_status open_window(tx_store *store, tx_error *error)
{
    tx_parallel *parallel = store->parallel;
    const int code = MPI_Win_create(store->local[store->part], (MPI_Aint)bytes_of(store, store->part), 1, MPI_INFO_NULL,
                                    parallel->all, &store->window);
    if (code != MPI_SUCCESS) {
        store->window = MPI_WIN_NULL;
        return tx_error_set(error, TX_FAILURE,
                            "this MPI has no one-sided communication between these ranks: set OMPI_MCA_osc=^ucx "
                            "before MPI starts, or let every rank keep all data (placement: replicated)");
    }
    MPI_Win_set_errhandler(store->window, MPI_ERRORS_RETURN);
    TX_TRY(tx_mpi_status(MPI_Win_lock_all(MPI_MODE_NOCHECK, store->window), "opening a window", error));
    store->locked = true;
    return tx_mpi_status(MPI_Win_sync(store->window), "opening a window", error);
}

tx_status tx_store_commit(tx_store *store, tx_error *error)
{
    if (store->one_sided) {
        TX_TRY(tx_parallel_agree(store->parallel, open_window(store, error), error));
    }
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* neighbours read this rank's part as soon as they leave the barrier */
    TX_TRY(tx_parallel_barrier(store->parallel, error));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return TX_OK;
}

/* ---- Fetching ---- */

static void free_slot(slot *slot)
{
    tx_free(slot->windows);
    tx_free(slot->buffer);
    tx_free(slot->requests);
    *slot = (struct slot){0};
}

static tx_status make_slot(const tx_store *store, slot *slot, tx_error *error)
{
    const size_t windows = (size_t)store->max_windows, length = (size_t)store->max_length;
    TX_TRY(tx_allocate_array(windows, sizeof *slot->windows, error, &slot->windows));
    if (!store->whole || store->strided) {
        TX_TRY(tx_allocate_array(windows * length, store->item_bytes, error, &slot->buffer));
        TX_TRY(tx_allocate_array((size_t)store->max_requests, sizeof *slot->requests, error, &slot->requests));
    }
    return TX_OK;
}

static tx_status complete(const tx_store *store, slot *slot, tx_error *error)
{
    if (slot->num_requests) {
        TX_TRY(tx_parallel_wait(store->parallel, slot->num_requests, slot->requests, "fetching data from another rank", error));
        slot->num_requests = 0;
    }
    return TX_OK;
}

/* A window of `length` items meets at most so many owners, and is cut where it is too large for one call. */
static int requests_of(const tx_store *store, int num_windows, int length)
{
    const int owners = length < store->parts || store->strided ? length : store->parts;
    return num_windows * (owners + (int)((size_t)length * store->item_bytes / LARGEST_GET));
}

tx_status tx_store_reserve(tx_store *store, int num_windows, int length, tx_error *error)
{
    store->max_windows = num_windows > store->max_windows ? num_windows : store->max_windows;
    store->max_length = length > store->max_length ? length : store->max_length;
    store->max_requests = requests_of(store, store->max_windows, store->max_length);
    for (int k = 0; k < TX_STORE_SLOTS; k++) {
        TX_TRY(complete(store, &store->slots[k], error));
        free_slot(&store->slots[k]);
        TX_TRY(make_slot(store, &store->slots[k], error));
    }
    return TX_OK;
}

static tx_status get(tx_store *store, slot *slot, piece piece, char *to, tx_error *error)
{
    for (size_t done = 0; done < piece.bytes; done += LARGEST_GET) {
        const int bytes = (int)(piece.bytes - done < LARGEST_GET ? piece.bytes - done : LARGEST_GET);
        const int code = MPI_Rget(to + done, bytes, MPI_BYTE, piece.owner, (MPI_Aint)(piece.offset + done), bytes, MPI_BYTE,
                                  store->window, &slot->requests[slot->num_requests]);
        TX_TRY(tx_mpi_status(code, "asking another rank for data", error));
        slot->num_requests++;
    }
    return TX_OK;
}

static tx_status gather(tx_store *store, slot *slot, int64_t first, int64_t end, char *to, tx_error *error)
{
    for (int64_t item = first; item < end;) {
        const piece piece = piece_at(store, item, end);
        if (piece.local) {
            memcpy(to, piece.local, piece.bytes);
        } else {
            TX_TRY(get(store, slot, piece, to, error));
        }
        to += piece.bytes;
        item += (int64_t)(piece.bytes / store->item_bytes);
    }
    return TX_OK;
}

static tx_status check_request(const tx_store *store, int num_windows, int length, const int64_t *first, const int64_t *stride,
                               tx_error *error)
{
    if (num_windows < 0 || length < 0 || num_windows > store->max_windows || length > store->max_length) {
        return tx_error_set(error, TX_FAILURE, "a fetch of %d windows of %d items, where %d of %d were reserved", num_windows,
                            length, store->max_windows, store->max_length);
    }
    for (int k = 0; k < num_windows; k++) {
        const int64_t items = stride && length ? (length - 1) * stride[k] + 1 : length;
        if (first[k] < 0 || first[k] > store->num_items - items || (stride && (stride[k] < 1 || !store->strided))) {
            return tx_error_set(error, TX_FAILURE, "a window of %lld items from %lld on lies outside of a store of %lld",
                                (long long)items, (long long)first[k], (long long)store->num_items);
        }
    }
    return TX_OK;
}

/* Where a window lies as it is, or NULL. */
static const char *direct(const tx_store *store, int64_t first, int length)
{
    return store->whole ? store->whole + (size_t)first * store->item_bytes
           : length     ? one_piece(store, first, first + length)
                        : store->local[store->part];
}

/* Items that lie apart, one by one. */
static tx_status gather_strided(tx_store *store, slot *slot, int64_t first, int64_t stride, int length, char *to, tx_error *error)
{
    for (int k = 0; k < length; k++) {
        const int64_t item = first + k * stride;
        TX_TRY(gather(store, slot, item, item + 1, to + (size_t)k * store->item_bytes, error));
    }
    return TX_OK;
}

tx_status tx_store_fetch_strided(tx_store *store, int slot_index, int num_windows, int length, const int64_t *first,
                                 const int64_t *stride, tx_error *error)
{
    slot *slot = &store->slots[slot_index];
    TX_TRY(check_request(store, num_windows, length, first, stride, error));
    TX_TRY(complete(store, slot, error));
    char *to = slot->buffer;
    for (int k = 0; k < num_windows; k++) {
        const int64_t apart = stride && length > 1 ? stride[k] : 1;
        slot->windows[k] = apart > 1 ? NULL : direct(store, first[k], length);
        if (!slot->windows[k]) {
            slot->windows[k] = to;
            TX_TRY(apart > 1 ? gather_strided(store, slot, first[k], apart, length, to, error)
                             : gather(store, slot, first[k], first[k] + length, to, error));
            to += (size_t)length * store->item_bytes;
        }
    }
    return TX_OK;
}

tx_status tx_store_fetch(tx_store *store, int slot_index, int num_windows, int length, const int64_t *first, tx_error *error)
{
    return tx_store_fetch_strided(store, slot_index, num_windows, length, first, NULL, error);
}

void tx_store_allow_strides(tx_store *store)
{
    store->strided = true;
}

tx_status tx_store_wait(tx_store *store, int slot_index, const void *const **windows, tx_error *error)
{
    TX_TRY(complete(store, &store->slots[slot_index], error));
    *windows = store->slots[slot_index].windows;
    return TX_OK;
}

/* ---- The end ---- */

size_t tx_store_bytes(const tx_store *store)
{
    const size_t windows = (size_t)store->max_windows, length = (size_t)store->max_length;
    const size_t gathering = windows * length * store->item_bytes + (size_t)store->max_requests * sizeof(MPI_Request);
    return sizeof *store + (size_t)store->parts * sizeof(char *) + bytes_of(store, store->part) +
           TX_STORE_SLOTS * (windows * sizeof(void *) + (!store->whole || store->strided ? gathering : 0));
}

static void close_window(tx_store *store)
{
    if (tx_parallel_is_lost(store->parallel)) {
        return;
    }
    if (store->locked) {
        MPI_Win_unlock_all(store->window);
    }
    if (store->window != MPI_WIN_NULL) {
        MPI_Win_free(&store->window);
    }
}

void tx_store_destroy(tx_store *store)
{
    if (!store) {
        return;
    }
    for (int k = 0; k < TX_STORE_SLOTS; k++) {
        complete(store, &store->slots[k], NULL);
    }
    if (store->one_sided) {
        tx_parallel_barrier(store->parallel, NULL); /* politely: MPI_Win_free would spin for those still at work */
    }
    close_window(store);
    for (int k = 0; k < TX_STORE_SLOTS; k++) {
        free_slot(&store->slots[k]);
    }
    tx_region_destroy(&store->region);
    tx_free(store->owned);
    tx_free(store->local);
    tx_free(store);
}
