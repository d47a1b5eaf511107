/* What losses ask of the data: as many weights as there are channels, constant fields. */
#pragma once

#include "problem/problem.h"
#include "tensor/fields.h"

tx_fields tx_problem_fields(const tx_data_shape *data);
/* Of all losses below a section. TX_INVALID, with the place in the file: weights that do not fit, a field that is not there. */
tx_status tx_losses_check(const tx_section *section, const tx_data_shape *data, tx_error *error);
/* TX_BAD_DATA: a trajectory whose points weigh nothing, or less than that. */
tx_status tx_losses_check_data(const tx_section *section, const tx_dataset *dataset, tx_error *error);
