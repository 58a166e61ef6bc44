; What Windows knows of Meander: links, and "Open with" for folders and text. It becomes the default for no file.

!macro meanderCommand KEY
  ; What follows -- is never read as a switch.
  WriteRegStr SHELL_CONTEXT "Software\Classes\${KEY}\shell\open\command" "" '"$INSTDIR\${APP_EXECUTABLE_FILENAME}" -- "%1"'
!macroend

!macro customInstall
  WriteRegStr SHELL_CONTEXT "Software\Classes\meander" "" "URL:Meander run"
  WriteRegStr SHELL_CONTEXT "Software\Classes\meander" "URL Protocol" ""
  !insertmacro meanderCommand "meander"
  !insertmacro meanderCommand "Applications\${APP_EXECUTABLE_FILENAME}"
  WriteRegStr SHELL_CONTEXT "Software\Classes\Applications\${APP_EXECUTABLE_FILENAME}\SupportedTypes" ".txt" ""
  WriteRegStr SHELL_CONTEXT "Software\Classes\Applications\${APP_EXECUTABLE_FILENAME}\SupportedTypes" ".md" ""
  WriteRegStr SHELL_CONTEXT "Software\Classes\Applications\${APP_EXECUTABLE_FILENAME}\SupportedTypes" ".jsonl" ""
  WriteRegStr SHELL_CONTEXT "Software\Classes\Applications\${APP_EXECUTABLE_FILENAME}\SupportedTypes" ".csv" ""
  WriteRegStr SHELL_CONTEXT "Software\Classes\Applications\${APP_EXECUTABLE_FILENAME}\SupportedTypes" ".tsv" ""
  WriteRegStr SHELL_CONTEXT "Software\Classes\Directory\shell\Meander" "" "Open with Meander"
  WriteRegStr SHELL_CONTEXT "Software\Classes\Directory\shell\Meander" "Icon" "$INSTDIR\${APP_EXECUTABLE_FILENAME}"
  WriteRegStr SHELL_CONTEXT "Software\Classes\Directory\shell\Meander\command" "" '"$INSTDIR\${APP_EXECUTABLE_FILENAME}" -- "%1"'
!macroend

!macro customUnInstall
  DeleteRegKey SHELL_CONTEXT "Software\Classes\meander"
  DeleteRegKey SHELL_CONTEXT "Software\Classes\Applications\${APP_EXECUTABLE_FILENAME}"
  DeleteRegKey SHELL_CONTEXT "Software\Classes\Directory\shell\Meander"
!macroend
