/* Shared objects: what must be true of one before anything of it is believed. */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "component/registry.h"
#include "component/section.h"
#include "plugin/plugin.h"

typedef const tx_plugin *entry_point(void);

/* A pointer to a function, which ISO C does not make of one to an object. */
static entry_point *find_entry(void *handle)
{
    void *symbol = dlsym(handle, "trainax_plugin");
    entry_point *entry;
    memcpy(&entry, &symbol, sizeof entry);
    return entry;
}

static tx_status check_abi(const char *path, const tx_plugin *plugin, tx_error *error)
{
    return !plugin ? tx_error_set(error, TX_BAD_DATA, "'%s' is no plugin: its trainax_plugin returns nothing", path)
           : plugin->abi == TX_ABI
               ? TX_OK
               : tx_error_set(error, TX_BAD_DATA, "'%s' was built for ABI %d of trainax's headers, this is ABI %d: build it again",
                              path, plugin->abi, TX_ABI);
}

/* ---- Its table ---- */

static tx_status check_option(const char *path, const tx_component *component, const tx_option *option, tx_error *error)
{
    if ((int)option->type < 0 || option->type > TX_TYPE_INLINE || (int)option->kind < 0 || option->kind >= TX_KIND_COUNT) {
        return tx_error_set(error, TX_BAD_DATA, "'%s': option '%s' of '%s' is of no type that there is", path, option->name,
                            component->name);
    }
    for (const tx_option *other = component->options; other < option; other++) {
        if (tx_option_is(other, option->name)) {
            return tx_error_set(error, TX_BAD_DATA, "'%s': '%s' has two options '%s'", path, component->name, option->name);
        }
    }
    return TX_OK;
}

static tx_status check_component(const char *path, const tx_component *const *all, int index, tx_error *error)
{
    const tx_component *own = all[index];
    if ((int)own->kind < 0 || own->kind >= TX_KIND_COUNT || !own->name || !*own->name) {
        return tx_error_set(error, TX_BAD_DATA, "'%s': component %d of its TX_PLUGIN has no %s", path, index + 1,
                            own->name && *own->name ? "kind that there is" : "name");
    }
    for (int k = 0; k < index; k++) {
        if (all[k]->kind == own->kind && tx_same_name(all[k]->name, own->name, tx_kind_endings(own->kind))) {
            return tx_error_set(error, TX_BAD_DATA, "'%s' has two %s '%s'", path, tx_kind_spoken_plural(own->kind), own->name);
        }
    }
    for (const tx_option *option = own->options; option && option->name; option++) {
        TX_TRY(check_option(path, own, option, error));
    }
    return TX_OK;
}

static tx_status check_table(const char *path, const tx_plugin *plugin, tx_error *error)
{
    for (int k = 0; plugin->components[k]; k++) {
        TX_TRY(check_component(path, plugin->components, k, error));
    }
    return TX_OK;
}

/* ---- Loading ---- */

/* Of a bare name the file that is here, not what the loader finds. */
static void *load(const char *path)
{
    char here[PATH_MAX + 2];
    snprintf(here, sizeof here, "%s%s", strchr(path, '/') ? "" : "./", path);
    return dlopen(here, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

/* Not unloaded: what it has started (threads of a runtime) may outlive every configuration. */
tx_status tx_plugin_load(const char *path, tx_error *error, const tx_plugin **out)
{
    if (access(path, R_OK) != 0) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' cannot be read: %s", path, strerror(errno));
    }
    void *handle = load(path);
    if (!handle) {
        return tx_error_set(error, TX_BAD_DATA, "'%s' cannot be loaded: %s", path, dlerror());
    }
    entry_point *entry = find_entry(handle);
    if (!entry) {
        return tx_error_set(error, TX_BAD_DATA,
                            "'%s' is no plugin: it has no function trainax_plugin (TX_PLUGIN in trainax/plugin.h)", path);
    }
    const tx_plugin *plugin = entry();
    TX_TRY(check_abi(path, plugin, error));
    TX_TRY(check_table(path, plugin, error));
    *out = plugin;
    return TX_OK;
}

tx_status tx_plugin_add(tx_registry *registry, const char *path, tx_error *error)
{
    const tx_plugin *plugin;
    TX_TRY(tx_plugin_load(path, error, &plugin));
    for (const tx_component *const *component = plugin->components; *component; component++) {
        TX_TRY(tx_registry_add(registry, *component, error));
    }
    return TX_OK;
}
