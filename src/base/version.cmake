# cmake -DSOURCE=… -DOUTPUT=… -P version.cmake: writes OUTPUT, a header with git's description of SOURCE, where SOURCE is a
# checkout itself and git knows it; else an empty one. Left alone when nothing has changed, so that nothing is compiled again.
set(description "")
if(EXISTS ${SOURCE}/.git)
  foreach(variable GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE) # set where git itself runs a build
    unset(ENV{${variable}})
  endforeach()
  execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --tags
                  OUTPUT_VARIABLE description OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE unused)
endif()
set(text "#define TRAINAX_GIT \"${description}\"\n")
set(before "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT text STREQUAL before)
  file(WRITE ${OUTPUT} "${text}")
endif()
