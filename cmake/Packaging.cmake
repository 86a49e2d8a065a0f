# `cmake --install build/release --prefix DIR`: the program, its second name, the unit for systemd, the documentation,
# the examples.
include(GNUInstallDirs)
install(TARGETS torc RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
set(TORC_SERVER_LINK "\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/torc-server")
install(CODE "file(CREATE_LINK torc \"${TORC_SERVER_LINK}\" SYMBOLIC)")
configure_file(packaging/torc-server.service.in "${CMAKE_BINARY_DIR}/torc-server.service" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/torc-server.service" DESTINATION lib/systemd/system)
install(FILES README.md LICENSE CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN "*.py" EXCLUDE)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
