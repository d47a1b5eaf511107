/* Which program this is, and what it works with. */
#include "trainax/version.h"

#include "git_description.h"

const char *tx_version(void)
{
    return sizeof TRAINAX_GIT > 1 ? TRAINAX_VERSION " (" TRAINAX_GIT ")" : TRAINAX_VERSION;
}
