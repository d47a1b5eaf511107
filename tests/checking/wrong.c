/* A plugin whose mistakes are options. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <trainax/plugin.h>

static const char *word; /* the mistake */

static int is(const char *mistake)
{
    return strcmp(word, mistake) == 0;
}

static tx_status create(const tx_section *section, tx_shape shape, int states, tx_error *error, tx_function *function)
{
    (void)states;
    word = tx_get_string(section, "mistake");
    function->user = malloc(sizeof(int64_t));
    *(int64_t *)function->user = shape.channels * tx_shape_points(&shape);
    function->vjp_single = is("no vjp") ? NULL : function->vjp_single;
    return shape.axes == 2 ? TX_OK
                           : tx_section_error(section, NULL, error, TX_INVALID, "it is for two axes, not for %d", shape.axes);
}

/* y = x + x^3 / 3, in single precision. */
static int forward(const tx_function_call *call, const float *x, float *y)
{
    const int64_t count = call->num_samples * *(const int64_t *)call->user;
    for (int64_t k = 0; k < count; k++) {
        y[k] = x[k] + x[k] * x[k] * x[k] / 3;
    }
    if (is("behind")) {
        y[count] = 0;
    } else if (is("waits")) {
        while (access(getenv("TRAINAX_WAITS"), F_OK)) {
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
    } else if (is("crash")) {
        abort();
    }
    return is("fail");
}

static int vjp(const tx_function_call *call, const float *x, const float *dy, float *dx)
{
    const int64_t count = call->num_samples * *(const int64_t *)call->user;
    for (int64_t k = 0; k < count; k++) {
        dx[k] = (1 + (is("adjoint") ? 0 : x[k] * x[k])) * dy[k];
    }
    return 0;
}

static const tx_option options[] = {
    {.name = "mistake", .type = TX_TYPE_STRING, .initial = "nothing", .text = "what it does wrong"},
    {.name = NULL},
};
static const tx_plugin_map map = {.function = {.forward_single = forward, .vjp_single = vjp}, .create = create, .destroy = free};
static const tx_component wrong = {.kind = TX_KIND_STEPPER, .name = "wrong", .options = options, .implementation = &map};

TX_PLUGIN(&wrong)
