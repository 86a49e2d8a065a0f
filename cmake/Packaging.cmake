# `cmake --install build/release --prefix DIR`: the program, its other names, the unit for systemd, the documentation,
# the examples.
include(GNUInstallDirs)
install(TARGETS torc RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(name torc-server torc-htpasswd)
  set(link "\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/${name}")
  install(CODE "file(CREATE_LINK torc \"${link}\" SYMBOLIC)")
endforeach()

# The unit contains the directory of the program, which --prefix may change until the installation.
install(
  CODE "set(TORC_BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
        set(TORC_DOCDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}\")
        configure_file(\"${PROJECT_SOURCE_DIR}/packaging/torc-server.service.in\"
                       \"${PROJECT_BINARY_DIR}/torc-server.service\" @ONLY)")
install(FILES "${PROJECT_BINARY_DIR}/torc-server.service" DESTINATION lib/systemd/system)
install(
  FILES packaging/torc.sysusers.conf
  DESTINATION lib/sysusers.d
  RENAME torc.conf)

install(FILES README.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN "*.py" EXCLUDE)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
