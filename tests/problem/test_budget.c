/* Whether ranks may take what they say: compared with what this machine has, of which nothing is taken here. ranks: 1 2 3 */
#include <stdio.h>
#include <string.h>

#include "base/available.h"
#include "base/memory.h"
#include "suite.h"
#include "trainax/trainax.h"
#include "problem/budget.h"
#include "training/configurations.h"

static tx_registry *registry;
static tx_parallel *parallel;
static char warning[TX_MESSAGE_SIZE];

static void keep_warning(void *user, tx_log_level level, const char *line)
{
    (void)user;
    CU_ASSERT_EQUAL(level, TX_LOG_WARNING);
    snprintf(warning, sizeof warning, "%s", line);
}

static const tx_log log_ = {.write = keep_warning};

static void advise(const void *object, double allowed, char *text, size_t size)
{
    CU_ASSERT_PTR_EQUAL(object, warning);
    snprintf(text, size, "with %.0f it would", allowed);
}

/* So many times what this machine has, spread over the ranks. */
static tx_budget budget_of(double times)
{
    const tx_available available = tx_available_now("");
    const double mine = times * (double)tx_available_least(&available) / tx_parallel_size(parallel);
    return (tx_budget){.bytes = {[TX_USE_ACTIVATIONS] = (size_t)(0.75 * mine), [TX_USE_DATA] = (size_t)(0.25 * mine)}};
}

static tx_status check(const tx_budget *budget, const char *override, tx_error *error)
{
    const tx_config_source source = {
        .name = "test.yaml", .text = advection, .overrides = &override, .num_overrides = override != NULL};
    tx_config *config;
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, NULL, &config), TX_OK);
    warning[0] = '\0';
    const tx_status status = tx_budget_check(parallel, budget, tx_config_root(config), &log_, advise, warning, error);
    tx_config_destroy(config);
    return status;
}

static void fits(void)
{
    const tx_budget half = budget_of(0.5);
    CU_ASSERT_EQUAL(check(&half, NULL, NULL), TX_OK);
}

/* What is there already does not count. */
static void taken(void)
{
    tx_budget budget = budget_of(0.5);
    budget.taken = (size_t)1 << 60;
    budget.bytes[TX_USE_REST] = budget.taken;
    CU_ASSERT_EQUAL(check(&budget, NULL, NULL), TX_OK);
}

/* On several ranks each one's part would fit. */
static void does_not_fit(void)
{
    const tx_budget budget = budget_of(1.5);
    tx_error error = {0};
    char all[64] = "", amount[32];
    CU_ASSERT_EQUAL(check(&budget, NULL, &error), TX_INVALID);
    CU_ASSERT(strstr(error.message, "this needs ") == error.message);
    CU_ASSERT(strstr(error.message, "(activations ") && strstr(error.message, ", trajectories "));
    CU_ASSERT(strstr(error.message, ": with ") != NULL);
    CU_ASSERT(strchr(error.message, '\n') == NULL);
    tx_budget_write((double)tx_budget_total(&budget) * tx_parallel_size(parallel), amount);
    snprintf(all, sizeof all, "%.3s", amount); /* ranks look one after the other: two digits agree */
    CU_ASSERT(strstr(error.message, tx_parallel_size(parallel) > 1 ? " ranks (" : "of memory (") != NULL);
    CU_ASSERT(tx_parallel_size(parallel) == 1 || strstr(error.message, all));
}

static void users_word(void)
{
    const tx_budget budget = budget_of(1.5);
    CU_ASSERT_EQUAL(check(&budget, "parallel.memory=100 TiB", NULL), TX_OK);
    CU_ASSERT(strstr(warning, "this needs ") == warning);
    CU_ASSERT(strstr(warning, ": tried nevertheless, as parallel.memory says") != NULL);
    CU_ASSERT_EQUAL(check(&budget, NULL, &(tx_error){0}), TX_INVALID);
}

static void amounts(void)
{
    static const struct {
        double bytes;
        const char *text;
    } cases[] = {{0, "0 KiB"},      {512, "0.5 KiB"},          {1024 * 999.0, "999 KiB"},
                 {0x1p20, "1 MiB"}, {1.5 * 0x1p30, "1.5 GiB"}, {312.0 * 0x1p30, "312 GiB"},
                 {0x1p50, "1 PiB"}, {0x1p60, "1.02e+03 PiB"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char text[32];
        tx_budget_write(cases[k].bytes, text);
        CU_ASSERT_STRING_EQUAL(text, cases[k].text);
    }
}

int main(void)
{
    static const suite_test tests[] = {{"fits", fits},
                                       {"is there already", taken},
                                       {"does not fit", does_not_fit},
                                       {"the user's word", users_word},
                                       {"amounts", amounts},
                                       {0}};
    if (tx_parallel_create(NULL, NULL, &parallel) != TX_OK || tx_registry_create_builtin(NULL, &registry) != TX_OK) {
        return 1;
    }
    const int code = suite_run("budget", tests);
    tx_registry_destroy(registry);
    tx_parallel_destroy(parallel);
    return code;
}
