/* Calls of users' functions: the precision that they have, sample by sample, one thread at a time. */
#include "kernel/function.h"

#include <pthread.h>
#include <stdio.h>

#include "base/escape.h"

/* Who is exclusive may well share what is not its own with others of its kind: a library's global variables. */
static pthread_mutex_t exclusive = PTHREAD_MUTEX_INITIALIZER;

static _Thread_local tx_user now;

void tx_user_enter(const tx_user *user, bool is_exclusive)
{
    if (is_exclusive) {
        pthread_mutex_lock(&exclusive);
    }
    now = *user;
}

void tx_user_leave(bool was_exclusive)
{
    now = (tx_user){0};
    if (was_exclusive) {
        pthread_mutex_unlock(&exclusive);
    }
}

tx_user tx_user_now(void)
{
    return now;
}

const char *const tx_verb_name[] = {[TX_FORWARD] = "forward", [TX_VJP] = "vjp", [TX_JVP] = "jvp"};

static bool has(const tx_function *f, tx_verb verb, tx_precision precision)
{
    const bool there[][2] = {
        [TX_FORWARD] = {f->forward_single, f->forward}, [TX_VJP] = {f->vjp_single, f->vjp}, [TX_JVP] = {f->jvp_single, f->jvp}};
    return there[verb][precision == TX_FLOAT64];
}

bool tx_function_can(const tx_function *function, tx_verb verb)
{
    return has(function, verb, TX_FLOAT32) || has(function, verb, TX_FLOAT64);
}

tx_precision tx_function_precision(const tx_function *function, tx_verb verb, tx_precision program)
{
    return has(function, verb, program) ? program : program == TX_FLOAT64 ? TX_FLOAT32 : TX_FLOAT64;
}

static int run_double(const tx_function *f, tx_verb verb, const tx_function_call *call, const tx_function_samples *s)
{
    return verb == TX_FORWARD ? f->forward(call, s->x, s->result)
           : verb == TX_VJP   ? f->vjp(call, s->x, s->d, s->result)
                              : f->jvp(call, s->x, s->d, s->result);
}

static int run_single(const tx_function *f, tx_verb verb, const tx_function_call *call, const tx_function_samples *s)
{
    return verb == TX_FORWARD ? f->forward_single(call, s->x, s->result)
           : verb == TX_VJP   ? f->vjp_single(call, s->x, s->d, s->result)
                              : f->jvp_single(call, s->x, s->d, s->result);
}

/* The samples from number k on. */
static tx_function_samples samples_from(const tx_function_samples *all, int64_t k, tx_precision precision)
{
    const size_t bytes = (size_t)k * tx_real_bytes(precision);
    tx_function_samples rest = *all;
    rest.x = (const char *)all->x + bytes * all->numbers[0];
    rest.d = all->d ? (const char *)all->d + bytes * all->numbers[1] : NULL;
    rest.result = (char *)all->result + bytes * all->numbers[2];
    return rest;
}

static void note(tx_function_failure *failed, const tx_function *function, int code, const char *message)
{
    if (code && !failed->function) {
        failed->function = function;
        failed->code = code;
        tx_escape(message, failed->message, sizeof failed->message);
    }
}

int tx_function_call_here(const tx_function *function, tx_verb verb, tx_precision precision, const tx_function_call *call,
                          const tx_function_samples *samples)
{
    return precision == TX_FLOAT32 ? run_single(function, verb, call, samples) : run_double(function, verb, call, samples);
}

tx_user tx_function_user(const tx_function *function, const char *verb)
{
    return (tx_user){function->name, function->ranks ? tx_function_owner_of(function)->library : NULL, verb};
}

static int call_jointly(const tx_function *function, tx_verb verb, tx_precision precision, const tx_function_call *call,
                        const tx_function_samples *samples)
{
    const tx_function_owner *owner = tx_function_owner_of(function);
    return owner->call(owner, function, verb, precision, call, samples);
}

void tx_function_run(const tx_function *function, tx_verb verb, tx_precision precision, const tx_function_call *call,
                     const tx_function_samples *samples, tx_function_failure *failed)
{
    const int64_t together = function->one_by_one ? 1 : call->num_samples;
    const bool joint = tx_function_is_joint(function);
    const tx_user user = tx_function_user(function, tx_verb_name[verb]);
    tx_function_call one = *call;
    tx_error error = {0};
    one.num_samples = together;
    one.error = &error;
    if (!joint) {
        tx_user_enter(&user, function->exclusive);
    }
    for (int64_t k = 0; k < call->num_samples; k += together) {
        const tx_function_samples some = samples_from(samples, k, precision);
        one.tape = call->tape ? (char *)call->tape + (size_t)k * function->tape_bytes : NULL;
        const int code = joint ? call_jointly(function, verb, precision, &one, &some)
                               : tx_function_call_here(function, verb, precision, &one, &some);
        error.message[TX_MESSAGE_SIZE - 1] = '\0';
        note(failed, function, code, error.message);
    }
    if (!joint) {
        tx_user_leave(function->exclusive);
    }
}

void tx_function_failure_write(const tx_function_failure *failure, char *text, size_t size)
{
    snprintf(text, size, "'%s' failed with code %d%s%s", failure->function->name, failure->code, *failure->message ? ": " : "",
             failure->message);
}

tx_status tx_function_create(const tx_function *function, int64_t max_samples, tx_error *error, void **state)
{
    if (!function->create || tx_function_is_joint(function)) {
        return TX_OK;
    }
    const tx_user user = tx_function_user(function, "create");
    tx_user_enter(&user, function->exclusive);
    const tx_status status = function->create(function->user, function->one_by_one ? 1 : max_samples, error, state);
    tx_user_leave(function->exclusive);
    return status;
}

void tx_function_destroy(const tx_function *function, void *state)
{
    if (state && function->destroy) {
        const tx_user user = tx_function_user(function, "destroy");
        tx_user_enter(&user, function->exclusive);
        function->destroy(state);
        tx_user_leave(function->exclusive);
    }
}
