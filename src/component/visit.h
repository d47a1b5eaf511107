/* All sections of a kind below a section, wherever they stand; TX_KIND_COUNT: of all kinds. */
#pragma once

#include "trainax/component.h"

typedef tx_status tx_section_visitor(void *user, const tx_section *section, tx_error *error);
/* It first, if it is one; stops at the first failure. */
tx_status tx_section_visit(const tx_section *section, tx_kind kind, tx_section_visitor *visit, void *user, tx_error *error);
