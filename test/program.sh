# To be sourced, in the root of the project.
# Programs of packages that would start services when they are installed: only the programs are taken, the packages are not installed.
program() { # PACKAGE PROGRAM
  [ -x ".cache/programs/$2" ] && return
  echo "tests: fetching $2 from the Debian package $1"
  local aside
  aside=$(mktemp -d)
  (cd "$aside" && { apt-get download -qq "$1" 2>/dev/null || { apt-get update -qq && apt-get download -qq "$1"; }; })
  mkdir -p .cache/programs
  dpkg-deb --fsys-tarfile "$aside"/*.deb | tar -xO "./usr/bin/$2" >"$aside/program"
  chmod 755 "$aside/program"
  mv "$aside/program" ".cache/programs/$2"
  rm -r "$aside"
}
