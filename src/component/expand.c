/* Home folders and variables in paths. */
#include "component/expand.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/name.h"
#include "component/buffer.h"

typedef struct expansion {
    tx_pool *pool;
    tx_place place;
    const char *option, *rest; /* what is still to be read */
    tx_buffer text;
} expansion;

static const char *home_of(const char *user)
{
    const char *home = *user ? NULL : getenv("HOME");
    const struct passwd *entry = home ? NULL : *user ? getpwnam(user) : getpwuid(getuid());
    return home ? home : entry ? entry->pw_dir : NULL;
}

static tx_status expand_home(expansion *e)
{
    const char *user;
    const size_t length = strcspn(e->rest + 1, "/");
    TX_TRY(tx_pool_text(e->pool, e->rest + 1, length, e->text.error, &user));
    const char *home = home_of(user);
    if (!home) {
        return tx_place_error(e->place, e->text.error, "%s: there is no home of '%s' ('./%s' would be a file of that name)",
                              e->option, tx_quote(user).text, tx_quote(e->rest).text);
    }
    tx_buffer_add(&e->text, "%s", home);
    e->rest += 1 + length;
    return TX_OK;
}

/* Letters, digits and '_', not a digit first. */
static size_t name_length(const char *text)
{
    size_t length = 0;
    while (text[length] == '_' || tx_is_letter(text[length]) || (length && tx_is_digit(text[length]))) {
        length++;
    }
    return length;
}

/* rest begins with a dollar. */
static tx_status expand_variable(expansion *e)
{
    const char *name;
    const bool braces = e->rest[1] == '{';
    const char *from = e->rest + 1 + braces;
    const size_t length = name_length(from);
    if (e->rest[1] == '$') {
        tx_buffer_add(&e->text, "$");
        e->rest += 2;
        return TX_OK;
    }
    if (!length || (braces && from[length] != '}')) {
        return tx_place_error(e->place, e->text.error,
                              "%s: a '$' begins a variable, $NAME or ${NAME} (write $$ for a dollar): '%s'", e->option,
                              tx_quote(e->rest).text);
    }
    TX_TRY(tx_pool_text(e->pool, from, length, e->text.error, &name));
    const char *value = getenv(name);
    if (!value) {
        return tx_place_error(e->place, e->text.error, "%s: the variable $%s is not set", e->option, tx_quote(name).text);
    }
    tx_buffer_add(&e->text, "%s", value);
    e->rest = from + length + braces;
    return TX_OK;
}

static tx_status expand(expansion *e)
{
    TX_TRY(*e->rest == '~' ? expand_home(e) : TX_OK);
    while (*e->rest) {
        const size_t length = strcspn(e->rest, "$");
        tx_buffer_add(&e->text, "%.*s", (int)length, e->rest);
        e->rest += length;
        TX_TRY(*e->rest ? expand_variable(e) : TX_OK);
    }
    return TX_OK;
}

tx_status tx_path_expand(tx_pool *pool, tx_place place, const char *option, const char *path, tx_error *error, const char **out)
{
    expansion e = {.pool = pool, .place = place, .option = option, .rest = path, .text = {.error = error}};
    tx_status status = expand(&e);
    status = status ? status : e.text.status;
    if (status == TX_OK) {
        status = tx_pool_text(pool, e.text.data ? e.text.data : "", e.text.length, error, out);
    }
    tx_free(e.text.data);
    return status;
}
