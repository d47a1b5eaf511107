/* STUDY.yaml: what is to be trained. */
#pragma once

#include "component/variant.h"

typedef struct tx_study_plan {
    tx_pool pool;
    tx_config *file;       /* its section `study` */
    const char *name;      /* of it */
    const char *base_path; /* of the configuration that settings change; NULL: it is a section of the study */
    const tx_yaml *base;   /* that configuration, once it is read */
    const tx_yaml *until;  /* the callback that ends a run at the target; NULL: there is none */
    int num_settings;
    struct tx_setting_plan {
        const char *name;
        int num_changes;
        tx_change *changes;
    } * settings;
    int num_seeds;
    int64_t *seeds; /* tx_free */
} tx_study_plan;

/* name: of the file. TX_INVALID with the place of what is wrong. To be closed in any case. */
tx_status tx_study_plan_read(tx_study_plan *plan, const tx_registry *registry, const char *name, const char *text, tx_error *error);
/* The text of base_path. */
tx_status tx_study_plan_read_base(tx_study_plan *plan, const char *text, tx_error *error);
void tx_study_plan_close(tx_study_plan *plan); /* takes a zeroed one */
