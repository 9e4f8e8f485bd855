/** What the script needs to fetch an agent. */
export interface FetchNeeds {
  /** `HOST:PORT`. */
  readonly address: string;
  /** Hexadecimal sha256 by machine. */
  readonly agents: Readonly<Record<string, string>>;
  /** PEM. */
  readonly certificate: string;
  /** See `downloadKey`. */
  readonly key: string;
  /** Separated by blanks. */
  readonly otherFolders: string;
  /** Seconds. */
  readonly pauses: readonly number[];
}

/**
 * The part of the script that leaves the path of a checked, executable agent in `$agent`, or ends the script. Uses `$run`, `say`, `die`
 * and `has`. What counts is the sha256: a guest's clock may be too wrong for the certificate's dates, and busybox's wget looks at no
 * certificate at all, so only the first try insists on the certificate; the key that is shown is good for the agent and nothing else.
 */
export function fetchScript({address, agents, certificate, key, otherFolders, pauses}: FetchNeeds): string {
  const cases = Object.entries(agents).map(([machine, sum]) => `${machine}) sum=${sum} ;;`);
  return `machine=$(uname -m)
case $machine in
${cases.join('\n')}
*) die "no agent for the machine $machine" ;;
esac
url=${shellWord(`https://${address}/agent/`)}$machine
made=
clean() { rm -f "$run/fetch.pem" "$run/fetch.conf" "$run/fetch.key" "$run/fetch.err"; [ -z "$made" ] || rm -rf "$made"; }
trap clean EXIT
trap 'exit 1' HUP INT TERM
runs() {
  printf '#!/bin/sh\\nexit 0\\n' >"$1/imgmgr-probe" 2>/dev/null && chmod 700 "$1/imgmgr-probe" && "$1/imgmgr-probe" 2>/dev/null
  code=$?
  rm -f "$1/imgmgr-probe"
  return $code
}
folder=$run
if ! runs "$run"; then
  folder=
  for base in ${otherFolders}; do
    made=$base/imgmgr.$$
    # mkdir fails where somebody else made it before.
    if mkdir "$made" 2>/dev/null && runs "$made"; then folder=$made; break; fi
    rmdir "$made" 2>/dev/null
    made=
  done
  [ -n "$folder" ] || die "the agent could not be fetched: nothing may be executed in $run ${otherFolders}"
fi
agent=$folder/imgmgr-agent
cat >"$run/fetch.pem" <<'IMGMGR_PEM'
${certificate.trim()}
IMGMGR_PEM
echo ${key} >"$run/fetch.key"
by_curl() {
  { echo "header = \\"Authorization: Bearer ${key}\\""
    echo "cacert = \\"$run/fetch.pem\\""
    [ -z "$lax" ] || echo insecure; } >"$run/fetch.conf"
  curl -q --config "$run/fetch.conf" --http1.1 --noproxy '*' -f -sS --connect-timeout 10 --max-time 120 -o "$agent" "$url"
}
by_wget() {
  case $(wget --version 2>/dev/null | head -n 1) in
  *'GNU Wget'*) ;;
  *) by_busybox wget; return ;;
  esac
  { echo "header = Authorization: Bearer ${key}"
    echo "ca_certificate = $run/fetch.pem"
    echo "use_proxy = off"
    [ -z "$lax" ] || echo "check_certificate = off"; } >"$run/fetch.conf"
  WGETRC="$run/fetch.conf" wget -nv --tries=1 --timeout=20 -O "$agent" "$url"
}
# No -T: busybox 1.35 dies of it over https. The option: else it asks openssl, which knows no certificate of ours.
by_busybox() {
  env -u https_proxy -u http_proxy "$@" --no-check-certificate -q -O "$agent" --header "Authorization: Bearer ${key}" "$url"
}
by_python3() {
  python3 - "$url" "$run/fetch.pem" "$run/fetch.key" "$agent" "$lax" <<'IMGMGR_PY'
import ssl, sys
import urllib.request as web
url, ca, key, out, lax = sys.argv[1:]
try:
    trust = ssl._create_unverified_context() if lax else ssl.create_default_context(cafile=ca)
    ask = web.Request(url, headers={"Authorization": "Bearer " + open(key).read().strip()})
    answer = web.build_opener(web.ProxyHandler({}), web.HTTPSHandler(context=trust)).open(ask, timeout=20)
    with open(out, "wb") as file:
        while True:
            piece = answer.read(65536)
            if not piece:
                break
            file.write(piece)
except Exception as error:
    sys.exit(str(error))
IMGMGR_PY
}
digest() {
  if has sha256sum; then sha256sum "$agent"
  elif has openssl; then openssl dgst -sha256 -r "$agent"
  elif has python3; then python3 -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$agent"
  elif has busybox; then busybox sha256sum "$agent"
  fi 2>/dev/null | cut -c 1-64
}
fetch() {
  for tool in curl wget python3 busybox; do
    has $tool || continue
    any=yes
    rm -f "$agent"
    case $tool in busybox) set -- by_busybox busybox wget ;; *) set -- by_$tool ;; esac
    if "$@" >/dev/null 2>"$run/fetch.err"; then
      got=$(digest)
      [ "$got" = "$sum" ] && return 0
      say "$tool fetched something else: sha256 \${got:-could not be computed}"
    else
      code=$?
      say "$tool failed with code $code: $(head -n 1 "$run/fetch.err" | cut -c 1-200)"
    fi
  done
  return 1
}
any=
lax=
for pause in ${pauses.join(' ')} end; do
  fetch && break
  [ -n "$any" ] || die "none of curl, wget, python3 is here"
  [ $pause != end ] || { rm -f "$agent"; die "the agent could not be fetched from ${address.replace(/[^\w.:[\]-]/g, '')}"; }
  lax=yes
  sleep $pause
done
chmod 700 "$agent"
made=`;
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
