/* Wrong options of optimizers and schedules: one line with the place. */
#include <string.h>

#include "optimizer/registry.h"

static const int64_t leaf_sizes[2] = {2, 1};

static void check(const tx_registry *registry, const char *text, const char *message)
{
    tx_error error = {0};
    made m = {0};
    const tx_status status = try_to_make(registry, TX_FLOAT64, 2, leaf_sizes, text, &error, &m);
    CU_ASSERT_EQUAL(status, TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, message);
    if (strcmp(error.message, message)) {
        fprintf(stderr, "\n  %s", error.message);
    }
    if (status == TX_OK) {
        unmake(&m);
    }
}

/* A value of the wrong type for one option, after what the component requires before it. */
static void check_type(const tx_registry *registry, const tx_component *component, const tx_option *option)
{
    char text[300], required[200] = "", message[300];
    for (const tx_option *other = component->options; other != option; other++) {
        if (!other->initial) {
            snprintf(required + strlen(required), sizeof required - strlen(required), ", %s: 1", other->name);
        }
    }
    const bool inside = component->kind == TX_KIND_TRANSFORM;
    snprintf(text, sizeof text, "%s{type: %s%s, %s: [x]}%s", inside ? "{type: chain, transforms: [" : "", component->name, required,
             option->name, inside ? "]}" : "");
    const char *expected = option->type == TX_TYPE_BOOLEAN ? "true or false" : option->kind ? "a number or a schedule" : "a number";
    snprintf(message, sizeof message, "x.yaml:1:%d: optimizer%s.%s must be %s, not a list", (int)(strstr(text, "[x]") - text) + 1,
             inside ? ".transforms.0" : "", option->name, expected);
    check(registry, text, message);
}

/* Of every optimizer and transform: each of its numbers must be one. Of every optimizer but a chain: its rate is required, unless
 * it has a default. */
static void every_optimizer(void)
{
    static const tx_kind kinds[] = {TX_KIND_OPTIMIZER, TX_KIND_TRANSFORM};
    tx_registry *registry = make_registry();
    for (int k = 0; k < tx_registry_count(registry, TX_KIND_OPTIMIZER); k++) {
        const tx_component *component = tx_registry_at(registry, TX_KIND_OPTIMIZER, k);
        const tx_option *first = component->options;
        char message[300];
        CU_ASSERT(!strcmp(first->name, "learning_rate") != !strcmp(component->name, "chain"));
        snprintf(message, sizeof message, "x.yaml:1:1: optimizer.%s is required (%s)", first->name, first->text);
        if (!first->initial) {
            check(registry, component->name, message);
        }
    }
    for (int of = 0; of < 2; of++) {
        for (int k = 0; k < tx_registry_count(registry, kinds[of]); k++) {
            const tx_component *component = tx_registry_at(registry, kinds[of], k);
            for (const tx_option *option = component->options; option && option->name; option++) {
                if (option->type == TX_TYPE_REAL || option->type == TX_TYPE_BOOLEAN) {
                    check_type(registry, component, option);
                }
            }
        }
    }
    tx_registry_destroy(registry);
}

/* Of every schedule: what is required, and a wrong type for each option. */
static void every_schedule(void)
{
    tx_registry *registry = make_registry();
    for (int k = 0; k < tx_registry_count(registry, TX_KIND_SCHEDULE); k++) {
        const tx_component *component = tx_registry_at(registry, TX_KIND_SCHEDULE, k);
        char text[200], message[300];
        snprintf(text, sizeof text, "{type: sgd, learning_rate: %s}", component->name);
        snprintf(message, sizeof message, "x.yaml:1:13: optimizer.learning_rate.%s is required (%s)", component->options[0].name,
                 component->options[0].text);
        check(registry, text, message);
        for (const tx_option *option = component->options; option->name; option++) {
            tx_error error = {0};
            tx_config *config;
            snprintf(text, sizeof text, "{type: %s, %s: {a: [1, b]}}", component->name, option->name);
            CU_ASSERT_EQUAL(tx_section_read(registry, TX_KIND_SCHEDULE, "x.yaml", text, &error, &config), TX_INVALID);
            CU_ASSERT(strlen(error.message) > 20 && !strchr(error.message, '\n'));
        }
    }
    tx_registry_destroy(registry);
}

#define CHAIN(transforms) "{type: chain, transforms: " transforms "}"
#define RATE(schedule) "{type: sgd, learning_rate: {type: " schedule "}}"

static void special_cases(void)
{
    static const char *const cases[][2] = {
        {"{type: sgd, learning_rate: 1, clip: 0}", "x.yaml:1:37: optimizer.clip must be above 0, not 0"},
        {"{type: adam, learning_rate: 1, clip_by_global_norm: -1}",
         "x.yaml:1:53: optimizer.clip_by_global_norm must be above 0, not -1"},
        {"{type: adam, learning_rate: 1, clip_by_globlnorm: 1}",
         "x.yaml:1:32: unknown key 'clip_by_globlnorm' in optimizer (did you mean 'clip_by_global_norm'?)"},
        {"{type: lion, learning_rate: 1, clip: 1, clip_by_global_norm: 2}",
         "x.yaml:1:38: optimizer.clip: clip and clip_by_global_norm exclude each other"},
        {"{type: adam, learning_rate: 1, add_decayed_weights: much}",
         "x.yaml:1:53: optimizer.add_decayed_weights must be a number or a schedule, not 'much'"},
        {"{type: rprop, learning_rate: {type: constant, value: 1}}",
         "x.yaml:1:30: optimizer.learning_rate must be a number, not a mapping"},
        {RATE("cosine_decay, init_value: 1, decay_steps: 0"),
         "x.yaml:1:77: optimizer.learning_rate.decay_steps must be at least 1, not 0"},
        {RATE("warmup_cosine_decay, init_value: 0, peak_value: 1, warmup_steps: 10, decay_steps: 10"),
         "x.yaml:1:117: optimizer.learning_rate.decay_steps: must be more than warmup_steps, which is 10, not 10"},
        {RATE("sgdr, cosine_kwargs: [{init_value: 0, peak_value: 1, warmup_steps: 10, decay_steps: 20}, "
              "{init_value: 0, peak_value: 1, warmup_steps: 10, decay_steps: 9}]"),
         "x.yaml:1:186: optimizer.learning_rate.cosine_kwargs.1.decay_steps: must be more than warmup_steps, which is 10, "
         "not 9"},
        {RATE("sgdr, cosine_kwargs: []"), "x.yaml:1:56: optimizer.learning_rate.cosine_kwargs: must have at least one cycle"},
        {RATE("exponential_decay, init_value: 1, transition_steps: 10, decay_rate: -1"),
         "x.yaml:1:103: optimizer.learning_rate.decay_rate must be at least 0, not -1"},
        {RATE("piecewise_constant, init_value: 1, boundaries_and_scales: {5: -1}"),
         "x.yaml:1:97: optimizer.learning_rate.boundaries_and_scales.5 must be at least 0, not -1"},
        {RATE("piecewise_interpolate, interpolate_type: cubic, init_value: 1"),
         "x.yaml:1:76: optimizer.learning_rate.interpolate_type must be one of linear, cosine, not 'cubic'"},
        {RATE("linear_onecycle, transition_steps: 0, peak_value: 1"),
         "x.yaml:1:70: optimizer.learning_rate.transition_steps must be at least 1, not 0"},
        {RATE("join_schedules, schedules: [{type: constant, value: 1}], boundaries: [5]"),
         "x.yaml:1:104: optimizer.learning_rate.boundaries: 1 boundaries do not join 1 schedules"},
        {RATE("join_schedules, schedules: [{type: sgdr, cosine_kwargs: []}], boundaries: []"),
         "x.yaml:1:91: optimizer.learning_rate.schedules.0.cosine_kwargs: must have at least one cycle"},
        {"{type: adamw, learning_rate: 1, weight_decay: {type: sgdr, cosine_kwargs: []}}",
         "x.yaml:1:75: optimizer.weight_decay.cosine_kwargs: must have at least one cycle"},
        {"{type: adafactor, decay_offset: 3}", "x.yaml:1:33: optimizer.decay_offset must be at most 0, not 3"},
        {"{type: adafactor, clipping_threshold: 0}", "x.yaml:1:39: optimizer.clipping_threshold must be above 0, not 0"},
        {"{type: adafactor, eps: null}", "x.yaml:1:24: optimizer.eps must be a number, not null"},
        {"{type: muon, learning_rate: 1, ns_coeffs: [1, 2, 3, 4]}",
         "x.yaml:1:43: optimizer.ns_coeffs: three numbers, or a list of three a step, not 4"},
        {"{type: muon, learning_rate: 1, ns_coeffs: [[1, 2, 3], [4, 5]]}",
         "x.yaml:1:55: optimizer.ns_coeffs must be a list of numbers or of lists of 3, not both"},
        {"{type: muon, learning_rate: 1, ns_coeffs: [[1, 2, 3], [4, 5, x]]}",
         "x.yaml:1:62: optimizer.ns_coeffs must be a number or a list of numbers or one of standard, dion, not 'x'"},
        {"{type: muon, learning_rate: 1, ns_coeffs: dion, ns_steps: 4}",
         "x.yaml:1:59: optimizer.ns_steps: ns_coeffs has coefficients of 5 steps, not of 4"},
        {"{type: muon, learning_rate: 1, ns_coeffs: newton}",
         "x.yaml:1:43: optimizer.ns_coeffs must be a number or a list of numbers or one of standard, dion, not 'newton'"},
        {"{type: muon, learning_rate: 1, ns_steps: -1}", "x.yaml:1:42: optimizer.ns_steps must be between 0 and 1000, not -1"},
        {"{type: muon, learning_rate: 1, preconditioning: schatten}",
         "x.yaml:1:49: optimizer.preconditioning must be frobenius, not 'schatten'"},
        {"{type: muon, learning_rate: 1, adam_learning_rate: {type: sgdr, cosine_kwargs: []}}",
         "x.yaml:1:80: optimizer.adam_learning_rate.cosine_kwargs: must have at least one cycle"},
        {"{type: soap, learning_rate: 1, precondition_frequency: 0}",
         "x.yaml:1:56: optimizer.precondition_frequency must be at least 1, not 0"},
        {"{type: soap, learning_rate: 1, b3: 0.9}", "x.yaml:1:32: unknown key 'b3' in optimizer (did you mean 'b1'?)"},
        {CHAIN("[]"), "x.yaml:1:27: optimizer.transforms: must have at least one transform"},
        {CHAIN("scale_by_adam"), "x.yaml:1:27: optimizer.transforms must be a list, not 'scale_by_adam'"},
        {CHAIN("[scale_by_adam, {type: clip_by_global_norm, max_norm: 0}]"),
         "x.yaml:1:81: optimizer.transforms.1.max_norm must be above 0, not 0"},
        {CHAIN("[scale_by_adam, {type: chain, transforms: [{type: trace}]}]"),
         "x.yaml:1:70: optimizer.transforms.1.transforms.0.decay is required (of the trace)"},
        {CHAIN("[{type: scale_by_adam, learning_rate: 1}]"),
         "x.yaml:1:50: unknown key 'learning_rate' in optimizer.transforms.0 (known: type, b1, b2, eps, eps_root, nesterov)"},
        {CHAIN("[scale_by_adam, {type: scale_by_schedule, step_size_fn: {type: sgdr, cosine_kwargs: []}}]"),
         "x.yaml:1:111: optimizer.transforms.1.step_size_fn.cosine_kwargs: must have at least one cycle"},
        {CHAIN("[{type: adaptive_grad_clip, clipping: 1, axis: [0, 1]}]"),
         "x.yaml:1:74: optimizer.transforms.0.axis: leaf0 has no axis 1"},
    };
    tx_registry *registry = make_registry();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        check(registry, cases[k][0], cases[k][1]);
    }
    tx_registry_destroy(registry);
}

/* The nearest name of a transform or of an optimizer; the names of the transforms. */
static void unknown_transforms(void)
{
    static const char *const cases[][2] = {{"scale_by_adm", "scale_by_adam"}, {"adamwx", "adamw"}};
    tx_registry *registry = make_registry();
    for (int k = 0; k < 2; k++) {
        char text[100], begin[200];
        tx_error error = {0};
        made m = {0};
        snprintf(text, sizeof text, CHAIN("[%s]"), cases[k][0]);
        snprintf(begin, sizeof begin, "x.yaml:1:28: unknown transform '%s' (did you mean '%s'? There are: ", cases[k][0],
                 cases[k][1]);
        CU_ASSERT_EQUAL(try_to_make(registry, TX_FLOAT64, 2, leaf_sizes, text, &error, &m), TX_INVALID);
        CU_ASSERT(!strncmp(error.message, begin, strlen(begin)));
        CU_ASSERT_PTR_NOT_NULL(strstr(error.message, "clip_by_global_norm, "));
        CU_ASSERT_EQUAL(error.message[strlen(error.message) - 1], ')');
    }
    tx_registry_destroy(registry);
}

int main(void)
{
    static const suite_test tests[] = {{"every optimizer", every_optimizer},
                                       {"every schedule", every_schedule},
                                       {"special cases", special_cases},
                                       {"unknown transforms", unknown_transforms},
                                       {0}};
    return suite_run("errors", tests);
}
