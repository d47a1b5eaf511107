/* The guard: memory in pages of its own, the CPU's kernels between opening and closing them. */
#include "guard/guard.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "kernel/cpu.h"

enum { PAGE = 4096, CANARY = 0xa5, MOST_KERNELS = 128 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long fail_at[GUARD_CALLS], calls[GUARD_CALLS], kernel_calls[MOST_KERNELS];
static int num_buffers;
static bool watching;
static const char *lacking;

__attribute__((format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fprintf(stderr, "guard: ");
    vfprintf(stderr, format, list);
    fprintf(stderr, "\n");
    va_end(list);
    abort();
}

/* ---- Failures ---- */

void guard_fail(guard_call kind, long n)
{
    memset(calls, 0, sizeof calls);
    memset(fail_at, 0, sizeof fail_at);
    fail_at[kind] = n;
}

long guard_count(guard_call kind)
{
    return calls[kind];
}

/* Counts a call, which fails if it is the one. The mutex is held. */
static tx_status count(guard_call kind, tx_error *error)
{
    static const char *const names[GUARD_CALLS] = {"open",     "room",  "kernel",      "allocate", "upload",
                                                   "download", "clear", "synchronise", "create",   "load"};
    return ++calls[kind] == fail_at[kind]
               ? tx_error_set(error, TX_FAILURE, GUARD_MESSAGE " call %ld of '%s' fail", calls[kind], names[kind])
               : TX_OK;
}

static tx_status enter(guard_call kind, tx_error *error)
{
    pthread_mutex_lock(&mutex);
    return count(kind, error);
}

static tx_status leave(tx_status status)
{
    pthread_mutex_unlock(&mutex);
    return status;
}

/* ---- Memory: the last byte of a buffer's last line lies at the end of a page, behind which nobody may go ---- */

typedef struct guard_buffer {
    tx_buffer buffer;
    char *pages, *account; /* as many bytes of this program's, never used: so that they count, and may run out */
    size_t open;           /* bytes of pages that can be opened */
} guard_buffer;

static void set_access(const tx_buffer *buffer, int access)
{
    const guard_buffer *b = (const guard_buffer *)buffer;
    if (mprotect(b->pages, b->open, access) != 0) {
        die("mprotect fails");
    }
}

static void check_bytes(const guard_buffer *b, const char *begin, const char *end)
{
    for (; begin < end; begin++) {
        if ((unsigned char)*begin != CANARY) {
            die("something is written %ld bytes from the start of a buffer of %zu", (long)(begin - b->buffer.data),
                b->buffer.bytes);
        }
    }
}

static tx_status make_buffer(const tx_backend *backend, size_t bytes, tx_error *error, tx_buffer **out)
{
    const size_t lines = tx_whole_lines(bytes), open = lines ? (lines + PAGE - 1) / PAGE * PAGE : PAGE;
    char *account;
    TX_TRY(tx_allocate(bytes, error, &account));
    guard_buffer *b = calloc(1, sizeof *b);
    char *pages = mmap(NULL, open + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!b || pages == MAP_FAILED) {
        die("no memory");
    }
    *b = (guard_buffer){.buffer = {.backend = backend, .bytes = bytes, .data = pages + open - lines},
                        .pages = pages,
                        .account = account,
                        .open = open};
    set_access(&b->buffer, PROT_READ | PROT_WRITE);
    memset(pages, CANARY, open - lines);
    memset(b->buffer.data + bytes, CANARY, lines - bytes);
    set_access(&b->buffer, PROT_NONE);
    num_buffers++;
    *out = &b->buffer;
    return TX_OK;
}

static tx_status allocate(const tx_backend *backend, size_t bytes, tx_error *error, tx_buffer **out)
{
    const tx_status status = enter(GUARD_ALLOCATE, error);
    return leave(status ? status : make_buffer(backend, bytes, error, out));
}

static void free_buffer(tx_buffer *buffer)
{
    guard_buffer *b = (guard_buffer *)buffer;
    if (!b) {
        return;
    }
    pthread_mutex_lock(&mutex);
    set_access(buffer, PROT_READ);
    check_bytes(b, b->pages, buffer->data);
    check_bytes(b, buffer->data + buffer->bytes, b->pages + b->open);
    munmap(b->pages, b->open + PAGE);
    tx_free(b->account);
    free(b);
    num_buffers--;
    pthread_mutex_unlock(&mutex);
}

int guard_num_buffers(void)
{
    return num_buffers;
}

static void check_range(const tx_buffer *buffer, size_t offset, size_t bytes)
{
    if (offset + bytes > buffer->bytes) {
        die("bytes %zu to %zu of a buffer of %zu", offset, offset + bytes, buffer->bytes);
    }
}

static tx_status upload(tx_buffer *buffer, size_t offset, const void *from, size_t bytes, tx_error *error)
{
    const tx_status status = enter(GUARD_UPLOAD, error);
    check_range(buffer, offset, bytes);
    if (status == TX_OK && bytes) {
        set_access(buffer, PROT_READ | PROT_WRITE);
        memcpy(buffer->data + offset, from, bytes);
        set_access(buffer, PROT_NONE);
    }
    return leave(status);
}

static tx_status download(tx_buffer *buffer, size_t offset, void *to, size_t bytes, tx_error *error)
{
    const tx_status status = enter(GUARD_DOWNLOAD, error);
    check_range(buffer, offset, bytes);
    if (status == TX_OK && bytes) {
        set_access(buffer, PROT_READ);
        memcpy(to, buffer->data + offset, bytes);
        set_access(buffer, PROT_NONE);
    }
    return leave(status);
}

static tx_status download_rows(tx_buffer *buffer, size_t offset, size_t pitch, void *to, size_t bytes, size_t rows, tx_error *error)
{
    for (size_t k = 0; k < rows; k++) {
        TX_TRY(download(buffer, offset + k * pitch, (char *)to + k * bytes, bytes, error));
    }
    return TX_OK;
}

static tx_status clear(tx_buffer *buffer, size_t offset, size_t bytes, tx_error *error)
{
    const tx_status status = enter(GUARD_CLEAR, error);
    check_range(buffer, offset, bytes);
    if (status == TX_OK && bytes) {
        set_access(buffer, PROT_READ | PROT_WRITE);
        memset(buffer->data + offset, 0, bytes);
        set_access(buffer, PROT_NONE);
    }
    return leave(status);
}

static tx_status synchronise(const tx_backend *backend, tx_error *error)
{
    (void)backend;
    return leave(enter(GUARD_SYNCHRONISE, error));
}

/* ---- Objects: the CPU's ---- */

static tx_status create(const tx_backend *backend, tx_object_kind kind, const void *shape, tx_error *error, tx_object **out)
{
    const tx_status status = leave(enter(GUARD_CREATE, error));
    return status ? status : tx_cpu_class.create(backend, kind, shape, error, out);
}

static tx_status load(const tx_backend *backend, tx_object *object, tx_error *error)
{
    const tx_status status = leave(enter(GUARD_LOAD, error));
    return status ? status : tx_cpu_class.load(backend, object, error);
}

/* ---- Kernels ---- */

static tx_status run(const tx_instruction *instruction, tx_frame *frame);
static tx_kernel kernels[MOST_KERNELS]; /* each of the CPU's, in its order */

__attribute__((constructor)) static void copy_kernels(void)
{
    for (size_t k = 0; tx_cpu_kernels[k].name && k < MOST_KERNELS; k++) {
        kernels[k] = (tx_kernel){tx_cpu_kernels[k].name, run};
    }
}

static const tx_kernel *find(const tx_backend *backend, const char *name)
{
    const tx_kernel *kernel = tx_cpu_class.find(backend, name);
    return kernel && (!lacking || strcmp(lacking, name) != 0) ? &kernels[kernel - tx_cpu_kernels] : NULL;
}

void guard_lack(const char *kernel)
{
    lacking = kernel;
}

const char *guard_uncalled_kernel(void)
{
    for (size_t k = 0; tx_cpu_kernels[k].name; k++) {
        if (!kernel_calls[k]) {
            return tx_cpu_kernels[k].name;
        }
    }
    return NULL;
}

void guard_check_used(void)
{
    bool used = false;
    for (int k = 0; k < MOST_KERNELS; k++) {
        used = used || kernel_calls[k];
    }
    if (!used || num_buffers) {
        die("%d buffers are left, kernels were%s called", num_buffers, used ? "" : " not");
    }
}

static bool is_named(const tx_instruction *i, const char *name)
{
    return strcmp(i->kernel->name, name) == 0;
}

/* What the instruction says that it needs, and how. */
static void open_buffers(const tx_instruction *i, const tx_frame *frame, bool close)
{
    int access[TX_SPACE_COUNT] = {0};
    for (int k = 0; k < TX_MAX_OPERANDS; k++) {
        access[i->operand[k].space] |= PROT_READ | (k == TX_MAX_OPERANDS - 1 ? PROT_WRITE : 0); /* the last is scratch */
    }
    access[i->out.space] |= PROT_READ | PROT_WRITE;
    for (int space = TX_SPACE_NONE + 1; space < TX_SPACE_COUNT; space++) {
        if (access[space]) {
            set_access(frame->staged->place[space].buffer, close ? PROT_NONE : access[space]);
        }
    }
    if (is_named(i, "load")) {
        set_access(frame->staged->given[i->source].buffer, close ? PROT_NONE : PROT_READ);
    } else if (is_named(i, "store")) {
        set_access(frame->staged->results.buffer, close ? PROT_NONE : PROT_READ | PROT_WRITE);
    }
}

static char *begin_of(const tx_place *place, int block)
{
    return place->buffer ? place->buffer->data + place->offset + (size_t)block * place->next : NULL;
}

/* Block k of the run, as a kernel of the CPU sees it. */
static tx_status run_block(const tx_instruction *i, tx_frame *whole, const tx_kernel *kernel, int k)
{
    const int left = whole->staged->total - k * whole->staged->block;
    tx_frame frame = {.backend = whole->backend,
                      .count = left < whole->staged->block ? left : whole->staged->block,
                      .scratch_samples = whole->scratch_samples,
                      .states = whole->states,
                      .part = tx_whole,
                      .error = whole->error};
    const void *samples[whole->staged->block];
    void *results[whole->staged->block], *const *outputs[whole->staged->num_results + 1];
    for (int space = 0; space < TX_SPACE_COUNT; space++) {
        frame.base[space] = begin_of(&whole->staged->place[space], k);
    }
    for (int j = 0; j < whole->staged->block; j++) {
        if (is_named(i, "load")) {
            samples[j] = begin_of(&whole->staged->given[i->source], k) + (size_t)j * whole->staged->given_bytes[i->source];
        } else if (is_named(i, "store")) {
            results[j] = begin_of(&whole->staged->results, k) +
                         (size_t)j * whole->staged->result_offsets[whole->staged->num_results] +
                         whole->staged->result_offsets[i->output];
        }
    }
    if (is_named(i, "load")) {
        frame.samples[i->source] = samples;
    } else if (is_named(i, "store")) {
        outputs[i->output] = results;
        frame.outputs = outputs;
    }
    const tx_status status = kernel->run(i, &frame);
    tx_note_failed(&whole->failed, &frame.failed);
    return status;
}

/* ---- What an instruction may write of the arena ---- */

static bool fills_halos(const tx_instruction *i)
{
    return is_named(i, "halo") || is_named(i, "fold");
}

static void allow(char *allowed, size_t size, int64_t begin, int64_t bytes, const tx_instruction *i)
{
    if (begin < 0 || begin + bytes > (int64_t)size) {
        die("%s: bytes %ld to %ld of an arena of %zu", i->kernel->name, (long)begin, (long)(begin + bytes), size);
    }
    memset(allowed + begin, 1, (size_t)bytes);
}

/* The rows of the result's interior, or (halos) all of it; and scratch. */
static void allow_result(const tx_instruction *i, size_t real, char *allowed, size_t size)
{
    const tx_layout *l = i->out_layout;
    const int64_t bytes = (int64_t)real;
    if (fills_halos(i)) {
        allow(allowed, size, i->out.offset, l->size * bytes, i);
        return;
    }
    for (int64_t c = 0; c < l->shape.channels; c++) {
        for (int64_t row = 0; row < l->outer[0] * l->outer[1]; row++) {
            const int64_t at =
                l->origin + c * l->channel + row / l->outer[1] * l->outer_stride[0] + row % l->outer[1] * l->outer_stride[1];
            allow(allowed, size, i->out.offset + at * bytes, l->row * bytes, i);
        }
    }
}

static void allow_scratch(const tx_instruction *i, int block, char *allowed, size_t size)
{
    const tx_operand scratch = i->operand[TX_MAX_OPERANDS - 1];
    int64_t bytes = i->object ? (int64_t)i->object->scratch_bytes : 0;
    const bool calls = is_named(i, "call");
    int64_t numbers = calls ? -tx_tape_reals(i->function) : 0;
    for (int k = -1; i->function && k <= !calls; k++) { /* samples of all that a function reads and leaves, but for tapes */
        const tx_shape *shape = k < 0 ? &i->out_layout->shape : &i->layout[k]->shape;
        numbers += shape->channels * tx_shape_points(shape);
    }
    bytes += 2 * (int64_t)sizeof(double) * (block + 1) * numbers;
    if (scratch.space == TX_SPACE_ARENA) {
        allow(allowed, size, scratch.offset, bytes, i);
    }
}

/* What the arena held, and which bytes of it may change. */
typedef struct watch {
    char *before, *allowed;
} watch;

static watch begin_watch(const tx_instruction *i, const tx_frame *frame)
{
    const tx_place *arena = &frame->staged->place[TX_SPACE_ARENA];
    const bool touches = i->out.space == TX_SPACE_ARENA || i->operand[TX_MAX_OPERANDS - 1].space == TX_SPACE_ARENA;
    if (!watching || !touches || !arena->buffer || !arena->buffer->bytes) {
        return (watch){0};
    }
    watch w = {.before = malloc(arena->buffer->bytes), .allowed = calloc(arena->next, 1)};
    memcpy(w.before, arena->buffer->data, arena->buffer->bytes);
    if (i->out.space == TX_SPACE_ARENA) {
        allow_result(i, tx_real_bytes(frame->backend->precision), w.allowed, arena->next);
    }
    allow_scratch(i, frame->staged->block, w.allowed, arena->next);
    return w;
}

static void end_watch(const watch *w, const tx_instruction *i, const tx_frame *frame)
{
    const tx_place *arena = &frame->staged->place[TX_SPACE_ARENA];
    for (size_t k = 0; w->before && k < arena->buffer->bytes; k++) {
        const bool may = k / arena->next < (size_t)frame->staged->blocks && w->allowed[k % arena->next];
        if (!may && w->before[k] != arena->buffer->data[k]) {
            die("%s writes byte %zu of its arena, which is no part of its result", i->kernel->name, k % arena->next);
        }
    }
    free(w->before);
    free(w->allowed);
}

void guard_watch(bool watch)
{
    watching = watch;
}

static tx_status run_blocks(const tx_instruction *i, tx_frame *frame)
{
    const size_t index = (size_t)(i->kernel - kernels);
    tx_status status = TX_OK;
    kernel_calls[index]++;
    open_buffers(i, frame, false);
    const watch w = begin_watch(i, frame);
    for (int k = 0; k < frame->staged->blocks && status == TX_OK; k++) {
        status = run_block(i, frame, &tx_cpu_kernels[index], k);
    }
    end_watch(&w, i, frame);
    open_buffers(i, frame, true);
    return status;
}

static tx_status run(const tx_instruction *i, tx_frame *frame)
{
    const tx_status status = enter(GUARD_KERNEL, frame->error);
    return leave(status ? status : run_blocks(i, frame));
}

/* ---- The backend ---- */

static tx_status make_backend(const tx_backend_options *options, tx_error *error, const tx_backend **out)
{
    const tx_backend *cpu;
    tx_backend *made;
    TX_TRY(count(GUARD_OPEN, error));
    TX_TRY(tx_cpu_class.open(options, error, &cpu));
    TX_TRY(tx_allocate(sizeof *made, error, &made));
    *made = *cpu;
    made->class_ = &guard_class;
    num_buffers++;
    *out = made;
    return TX_OK;
}

static tx_status open_guard(const tx_backend_options *options, tx_error *error, const tx_backend **out)
{
    pthread_mutex_lock(&mutex);
    return leave(make_backend(options, error, out));
}

static void close_guard(const tx_backend *backend)
{
    pthread_mutex_lock(&mutex);
    num_buffers--;
    tx_free((tx_backend *)backend);
    pthread_mutex_unlock(&mutex);
}

static tx_status room(const tx_backend *backend, tx_error *error, size_t *out)
{
    const tx_status status = leave(enter(GUARD_ROOM, error));
    return status ? status : tx_cpu_class.room(backend, error, out);
}

static void destroy(const tx_backend *backend, tx_object *object)
{
    tx_cpu_class.destroy(backend, object);
}

const tx_backend_class guard_class = {.name = "guard",
                                      .open = open_guard,
                                      .close = close_guard,
                                      .room = room,
                                      .allocate = allocate,
                                      .free = free_buffer,
                                      .upload = upload,
                                      .download = download,
                                      .download_rows = download_rows,
                                      .clear = clear,
                                      .synchronise = synchronise,
                                      .find = find,
                                      .create = create,
                                      .load = load,
                                      .destroy = destroy};
