/* Linked into the programs of sanitizer builds only: plugins of Open MPI stay mapped to the end, so that what they leak or
 * race for can be traced to them and let be. */
int dlclose(void *handle);
int dlclose(void *handle)
{
    (void)handle;
    return 0;
}
