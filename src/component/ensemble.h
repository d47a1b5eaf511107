/* The section `ensemble`: members that differ in seeds and in values at some paths. */
#pragma once

#include "component/variant.h"

typedef struct tx_ensemble {
    const tx_config *config; /* that it is the section of; outlives it */
    int count;               /* members: the product, the first list outermost, seeds fastest */
    int groups;              /* of ranks, that were asked for; 0: as many as there are members */
    int num_seeds;           /* 0: keys stay as they are */
    int64_t *seeds;
    int num_lists;
    struct tx_varied {
        const char *path;
        tx_place place;
        const tx_yaml *list;
        int stride; /* members that have one item of it, one after another */
    } * lists;
    tx_pool pool;
} tx_ensemble;

bool tx_is_ensemble(const tx_config *config);
/* TX_INVALID at the place of what is wrong: no member, a path that may not be varied. */
tx_status tx_ensemble_create(const tx_config *config, tx_error *error, tx_ensemble **out);
void tx_ensemble_destroy(tx_ensemble *ensemble);

enum { TX_MEMBER_NAME = 32 };
void tx_ensemble_name(const tx_ensemble *ensemble, int member, char out[TX_MEMBER_NAME]); /* "member_007" */
bool tx_is_member(const char *name);                                                      /* a name of that form */
const int64_t *tx_ensemble_seed(const tx_ensemble *ensemble, int member);                 /* NULL: there are no seeds */
const tx_yaml *tx_ensemble_value(const tx_ensemble *ensemble, int member, int list);
/* That of a member's run alone in this directory; the ensemble outlives it. */
tx_status tx_ensemble_member(const tx_ensemble *ensemble, int member, const char *directory, tx_error *error, tx_config **out);

/* Before a run with this section is resolved: what its members have of their own may be missing in it, and is then as the first
 * one's. Nothing where it is wrong; that is told when the ensemble is made. */
tx_status tx_ensemble_complete(tx_config *config, tx_yaml **root);
