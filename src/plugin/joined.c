/* Joint calls of functions: who calls sends its samples to all ranks of the group, all of them call the function on these, and what
 * has come out on the caller's rank is the result. */
#include "plugin/joined.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"
#include "parallel/joint.h"

enum { MESSAGE = 196 };

struct tx_joined {
    tx_joint *joint;
    int ranks;
    int64_t count; /* of its functions */
    tx_shared_function *last;
};

struct tx_shared_function {
    tx_function_owner base; /* first: function->ranks points to it */
    tx_function *function;
    tx_joined *joined;
    int64_t index; /* among those of the component; -1: not called yet */
    tx_shared_function *before;
    char *memory; /* for the samples of a call; the same capacity on all ranks */
    size_t capacity;
    void *state; /* as a thread has one, for so many samples: */
    int64_t samples;
    tx_error error; /* of growing */
};

/* ---- A call ---- */

/* What this rank has asked for. */
typedef struct request {
    const tx_function_call *call;
    const tx_function_samples *samples;
    int code;
} request;

typedef struct outcome {
    int code;
    char message[MESSAGE];
} outcome;

/* Where the arrays of a call lie. Sent are those before `sent`. */
typedef struct layout {
    tx_verb verb;
    tx_precision precision;
    int64_t samples;
    size_t numbers[3]; /* of a sample, as in tx_function_samples */
    size_t bytes[4], offset[4], sent, all;
} layout;
enum { X, D, TAPE, RESULT };

static void read_call(const tx_function *function, const tx_joint_call *call, layout *l)
{
    const int64_t *numbers = call->numbers;
    *l = (layout){.verb = (tx_verb)numbers[1], .precision = (tx_precision)numbers[2], .samples = numbers[3]};
    const size_t samples = (size_t)l->samples, real = samples * tx_real_bytes(l->precision);
    for (int k = 0; k < 3; k++) {
        l->numbers[k] = (size_t)numbers[4 + k];
    }
    l->bytes[X] = real * l->numbers[0];
    l->bytes[D] = l->verb == TX_FORWARD ? 0 : real * l->numbers[1];
    l->bytes[TAPE] = samples * function->tape_bytes;
    l->bytes[RESULT] = real * l->numbers[2];
    for (int k = 0; k < 4; k++) {
        l->offset[k] = l->all;
        l->all += (l->bytes[k] + 63) / 64 * 64;
    }
    const bool adds = l->verb == TX_VJP && function->vjp_adds;
    l->sent = l->verb == TX_FORWARD ? l->offset[TAPE] : adds ? l->all : l->offset[RESULT];
}

static tx_status make_state(tx_shared_function *shared, int64_t samples)
{
    tx_function *f = shared->function;
    tx_function_destroy(f, shared->state);
    shared->state = NULL;
    const tx_user user = tx_function_user(f, "create");
    tx_user_enter(&user, true);
    const tx_status status = f->create(f->user, samples, &shared->error, &shared->state);
    tx_user_leave(true);
    shared->samples = status ? 0 : samples;
    return status;
}

/* All ranks come to the same call with the same room, and so grow together, or none does. */
static bool has_room(tx_shared_function *shared, const layout *l)
{
    const bool more = l->all > shared->capacity, longer = shared->function->create && l->samples > shared->samples;
    tx_status status = TX_OK;
    shared->error = (tx_error){0};
    if (!more && !longer) {
        return true;
    }
    if (more) {
        tx_free(shared->memory);
        shared->memory = NULL;
        status = tx_allocate(l->all, &shared->error, &shared->memory);
        shared->capacity = l->all;
    }
    status = status || !longer ? status : make_state(shared, l->samples);
    if (!tx_joint_all(shared->joined->joint, status == TX_OK)) {
        tx_free(shared->memory);
        shared->memory = NULL;
        shared->capacity = 0;
        return false;
    }
    return true;
}

/* Of the rank that has asked: what it gives, and what it gets. */
static void pack(const tx_shared_function *shared, const layout *l, const request *own)
{
    const void *const from[] = {own->samples->x, own->samples->d, own->call->tape, own->samples->result};
    for (int k = 0; k < 4 && l->offset[k] < l->sent; k++) {
        if (l->bytes[k]) {
            memcpy(shared->memory + l->offset[k], from[k], l->bytes[k]);
        }
    }
}

static void unpack(const tx_shared_function *shared, const layout *l, const request *own)
{
    memcpy(own->samples->result, shared->memory + l->offset[RESULT], l->bytes[RESULT]);
    if (l->verb == TX_FORWARD && l->bytes[TAPE]) {
        memcpy(own->call->tape, shared->memory + l->offset[TAPE], l->bytes[TAPE]);
    }
}

static outcome run(const tx_shared_function *shared, const layout *l, int root)
{
    const tx_function *f = shared->function;
    tx_error error = {0};
    outcome out = {0};
    char *const at[] = {shared->memory, shared->memory + l->offset[D], shared->memory + l->offset[TAPE],
                        shared->memory + l->offset[RESULT]};
    const tx_function_call call = {.user = f->user,
                                   .state = shared->state,
                                   .num_samples = l->samples,
                                   .tape = l->bytes[TAPE] ? at[TAPE] : NULL,
                                   .error = &error,
                                   .root = root};
    const tx_function_samples samples = {.x = at[X],
                                         .d = l->bytes[D] ? at[D] : NULL,
                                         .result = at[RESULT],
                                         .numbers = {l->numbers[0], l->numbers[1], l->numbers[2]}};
    const tx_user user = tx_function_user(f, tx_verb_name[l->verb]);
    tx_user_enter(&user, true);
    out.code = tx_function_call_here(f, l->verb, l->precision, &call, &samples);
    tx_user_leave(true);
    snprintf(out.message, sizeof out.message, "%.*s", MESSAGE - 1, error.message);
    return out;
}

/* The first rank that has failed speaks. */
static void fail(request *own, int rank, const outcome *failed)
{
    own->code = failed->code;
    if (rank < 0) {
        tx_error_set(own->call->error, TX_FAILURE, "%s", failed->message);
    } else {
        tx_error_set(own->call->error, TX_FAILURE, "on rank %d of its group%s%s", rank, *failed->message ? ": " : "",
                     failed->message);
    }
}

static tx_status call_together(tx_shared_function *shared, const layout *l, const tx_joint_call *call, request *own, outcome *all,
                               tx_error *error)
{
    tx_joint *joint = shared->joined->joint;
    const int ranks = shared->joined->ranks;
    if (own) {
        pack(shared, l, own);
    }
    TX_TRY(tx_joint_broadcast(joint, call, shared->memory, l->sent, error));
    const outcome mine = run(shared, l, (int)call->root);
    TX_TRY(tx_joint_gather(joint, call, &mine, sizeof mine, all, error));
    for (int rank = 0; own && rank < ranks && !own->code; rank++) {
        if (all[rank].code) {
            fail(own, rank, &all[rank]);
        }
    }
    return TX_OK;
}

static tx_shared_function *find(const tx_joined *joined, int64_t index)
{
    tx_shared_function *shared = joined->last;
    while (shared->index != index) {
        shared = shared->before;
    }
    return shared;
}

static void take_part(void *object, const tx_joint_call *call, void *asked)
{
    const tx_joined *joined = object;
    tx_shared_function *shared = find(joined, call->numbers[0]);
    request *own = asked;
    outcome all[joined->ranks];
    tx_error error = {0};
    layout l;
    read_call(shared->function, call, &l);
    if (!has_room(shared, &l)) {
        tx_error_set(&error, TX_FAILURE, "%s", *shared->error.message ? shared->error.message : "another rank has no room for it");
    } else if (call_together(shared, &l, call, own, all, &error) == TX_OK && own) {
        unpack(shared, &l, own);
    }
    if (own && error.status) {
        outcome failed = {.code = (int)error.status};
        snprintf(failed.message, sizeof failed.message, "%.*s", MESSAGE - 1, error.message);
        fail(own, -1, &failed);
    }
}

static int ask(const tx_function_owner *owner, const tx_function *function, tx_verb verb, tx_precision precision,
               const tx_function_call *call, const tx_function_samples *samples)
{
    const tx_shared_function *shared = (const tx_shared_function *)(const void *)owner;
    const int64_t numbers[TX_JOINT_NUMBERS] = {shared->index,
                                               verb,
                                               precision,
                                               call->num_samples,
                                               (int64_t)samples->numbers[0],
                                               (int64_t)samples->numbers[1],
                                               (int64_t)samples->numbers[2]};
    request own = {.call = call, .samples = samples};
    (void)function;
    const tx_status status = tx_joint_ask(shared->joined->joint, numbers, &own, call->error);
    return status ? (int)status : own.code;
}

/* ---- Making ---- */

tx_status tx_joined_create(tx_parallel *parallel, int ranks, tx_error *error, tx_joined **out)
{
    tx_joined *joined = NULL;
    tx_status status = tx_parallel_agree(parallel, tx_allocate(sizeof *joined, error, &joined), error);
    if (status == TX_OK) {
        *joined = (tx_joined){.ranks = ranks};
        status = tx_joint_create(parallel, ranks, take_part, joined, error, &joined->joint);
    }
    if (status != TX_OK) {
        tx_free(joined);
        return status;
    }
    *out = joined;
    return TX_OK;
}

void tx_joined_destroy(tx_joined *joined)
{
    if (joined) {
        tx_joint_destroy(joined->joint);
        tx_free(joined);
    }
}

bool tx_joined_is_of(const tx_joined *joined, const tx_parallel *parallel)
{
    return joined && tx_joint_is_of(joined->joint, parallel);
}

tx_status tx_shared_function_create(tx_joined *joined, const char *library, tx_function *function, tx_error *error,
                                    tx_shared_function **out)
{
    tx_shared_function *shared;
    TX_TRY(tx_allocate(sizeof *shared, error, &shared));
    *shared =
        (tx_shared_function){.base = {.ranks = {tx_joint_rank(joined->joint), joined->ranks, tx_joint_communicator(joined->joint)},
                                      .library = library,
                                      .call = ask},
                             .function = function,
                             .joined = joined,
                             .index = -1};
    function->ranks = &shared->base.ranks;
    *out = shared;
    return TX_OK;
}

void tx_shared_function_open(tx_shared_function *shared)
{
    shared->index = shared->joined->count++;
    shared->before = shared->joined->last;
    shared->joined->last = shared;
}

void tx_shared_function_destroy(tx_shared_function *shared)
{
    if (shared) {
        tx_function_destroy(shared->function, shared->state);
        tx_free(shared->memory);
        tx_free(shared);
    }
}
