#compdef pillion

# Made from the parser.
# Usage:
# 1) Copy this to a file named _pillion (e.g. ~/.local/share/zsh_completion/_pillion).
# 2) Add the following line to your .zshrc:
#    fpath=(~/.local/share/zsh_completion $fpath)
# See also: https://github.com/zsh-users/zsh-completions/blob/master/zsh-completions-howto.org


_shtab_pillion_commands() {
  local _commands=(
    bootstrap:'Print the Envoy configuration of a pod.'
    completion:'Print a shell completion script.'
    config:'Show, validate or describe the configuration.'
    diff:'Show what inject would change.'
    explain:'Tell whether and why pods are injected.'
    inject:'Write manifests with the sidecar in them.'
    redirect:'Print the kernel rules of a pod.'
    serve:'Run the webhook.'
    uninject:'Take an injection out of manifests.'
  )
  _describe 'pillion commands' _commands
}

_shtab_pillion_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "(- : *)--version[show program\'s version number and exit]"
)

# guard to ensure default positional specs are added only once per session
_shtab_pillion_defaults_added=0

_shtab_pillion_bootstrap_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--config[configuration file (default\: \$PILLION_CONFIG, else the built-in defaults)]:FILE:"
  {-r,--revision}"[the injecting revision, instead of the configured one]:revision:"
  "*"{-f,--filename}"[a manifest, a directory of them, or - for standard input\; may be given several times]:FILE:"
  {-R,--recursive}"[read the folders of a directory too]"
  {-n,--namespace}"[namespace of objects that name none (default\: default)]:namespace:"
  "--namespace-labels[labels of that namespace\; without them, and without a Namespace among the manifests, it is taken as opted in]:KEY=VALUE,…:"
  "--strict[parse documents that cannot hold a pod too, and fail on what is wrong in them]"
  "--token[32 hexadecimal digits that begin the paths the proxy answers for kubelet\; default\: derived from each manifest]:token:"
  "--name[only the object of this name]:name:"
  "--arguments[print all of Envoy\'s arguments, one a line as JSON text, instead of the document]"
)

# guard to ensure default positional specs are added only once per session
_shtab_pillion_bootstrap_defaults_added=0

_shtab_pillion_completion_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  ":the shell to complete for:(bash zsh)"
)

# guard to ensure default positional specs are added only once per session
_shtab_pillion_completion_defaults_added=0

_shtab_pillion_config_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--config[configuration file (default\: \$PILLION_CONFIG, else the built-in defaults)]:FILE:"
  {-r,--revision}"[the injecting revision, instead of the configured one]:revision:"
  ":show\: every setting with its value, as YAML\; validate\: every mistake of the file\; schema\: the JSON Schema of the file:(show validate schema)"
)

# guard to ensure default positional specs are added only once per session
_shtab_pillion_config_defaults_added=0

_shtab_pillion_diff_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--config[configuration file (default\: \$PILLION_CONFIG, else the built-in defaults)]:FILE:"
  {-r,--revision}"[the injecting revision, instead of the configured one]:revision:"
  "*"{-f,--filename}"[a manifest, a directory of them, or - for standard input\; may be given several times]:FILE:"
  {-R,--recursive}"[read the folders of a directory too]"
  {-n,--namespace}"[namespace of objects that name none (default\: default)]:namespace:"
  "--namespace-labels[labels of that namespace\; without them, and without a Namespace among the manifests, it is taken as opted in]:KEY=VALUE,…:"
  "--strict[parse documents that cannot hold a pod too, and fail on what is wrong in them]"
  "--token[32 hexadecimal digits that begin the paths the proxy answers for kubelet\; default\: derived from each manifest]:token:"
  "--check[exit with 3 if anything would change]"
  {-q,--quiet}"[no summary on standard error]"
)

# guard to ensure default positional specs are added only once per session
_shtab_pillion_diff_defaults_added=0

_shtab_pillion_explain_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--config[configuration file (default\: \$PILLION_CONFIG, else the built-in defaults)]:FILE:"
  {-r,--revision}"[the injecting revision, instead of the configured one]:revision:"
  "*"{-f,--filename}"[a manifest, a directory of them, or - for standard input\; may be given several times]:FILE:"
  {-R,--recursive}"[read the folders of a directory too]"
  {-n,--namespace}"[namespace of objects that name none (default\: default)]:namespace:"
  "--namespace-labels[labels of that namespace\; without them, and without a Namespace among the manifests, it is taken as opted in]:KEY=VALUE,…:"
  "--strict[parse documents that cannot hold a pod too, and fail on what is wrong in them]"
  "--token[32 hexadecimal digits that begin the paths the proxy answers for kubelet\; default\: derived from each manifest]:token:"
  {-o,--output}"[form of the answer]:output:(text json)"
  "(*)::instead of -f\: a pod of the cluster\; without one, all of the namespace in -n:"
)

# guard to ensure default positional specs are added only once per session
_shtab_pillion_explain_defaults_added=0

_shtab_pillion_inject_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--config[configuration file (default\: \$PILLION_CONFIG, else the built-in defaults)]:FILE:"
  {-r,--revision}"[the injecting revision, instead of the configured one]:revision:"
  "*"{-f,--filename}"[a manifest, a directory of them, or - for standard input\; may be given several times]:FILE:"
  {-R,--recursive}"[read the folders of a directory too]"
  {-n,--namespace}"[namespace of objects that name none (default\: default)]:namespace:"
  "--namespace-labels[labels of that namespace\; without them, and without a Namespace among the manifests, it is taken as opted in]:KEY=VALUE,…:"
  "--strict[parse documents that cannot hold a pod too, and fail on what is wrong in them]"
  {-o,--output}"[a file for the whole stream, or a directory (an existing one, or with a slash at its end) for a file per input\; default\: standard output\; a patch or a report needs a file]:OUT:"
  "--token[32 hexadecimal digits that begin the paths the proxy answers for kubelet\; default\: derived from each manifest]:token:"
  "--patch[print a JSON Patch for each object, one a line]"
  "--report[print what becomes of each pod, as JSON]"
  "--verify[with --patch\: apply each patch with the jsonpatch library and compare]"
  {-q,--quiet}"[no summary on standard error]"
)

# guard to ensure default positional specs are added only once per session
_shtab_pillion_inject_defaults_added=0

_shtab_pillion_redirect_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--config[configuration file (default\: \$PILLION_CONFIG, else the built-in defaults)]:FILE:"
  {-r,--revision}"[the injecting revision, instead of the configured one]:revision:"
  "*"{-f,--filename}"[a manifest, a directory of them, or - for standard input\; may be given several times]:FILE:"
  {-R,--recursive}"[read the folders of a directory too]"
  {-n,--namespace}"[namespace of objects that name none (default\: default)]:namespace:"
  "--namespace-labels[labels of that namespace\; without them, and without a Namespace among the manifests, it is taken as opted in]:KEY=VALUE,…:"
  "--strict[parse documents that cannot hold a pod too, and fail on what is wrong in them]"
  "--name[only the object of this name]:name:"
  "--arguments[print the init container\'s arguments instead]"
  ":plan\: print the rules:(plan)"
)

# guard to ensure default positional specs are added only once per session
_shtab_pillion_redirect_defaults_added=0

_shtab_pillion_serve_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--mode[where the certificate comes from\: our own authority in a Secret, a Secret mounted for cert-manager, provided files, or an authority in memory without any cluster (default\: self)]:mode:(self cert-manager provided standalone)"
  "--standalone[the same as --mode standalone]"
  "--listen[where to serve over TLS\; without a host, on all addresses (default\: \:9443)]:HOST:PORT:"
  "--metrics-listen[where to serve \/metrics without TLS (default\: nowhere)]:HOST:PORT:"
  "--config[configuration file, read again when it changes]:FILE:"
  "--ca-out[standalone\: write the authority\'s certificate there, for clients]:FILE:"
  "--certificates[cert-manager, provided\: the directory with tls.crt and tls.key]:DIR:"
  "--namespace[the namespace we run in (default\: the pod\'s own, else pillion-system)]:namespace:"
  "--service[the Service by which the API server calls us (default\: pillion)]:service:"
  "--secret[the Secret that keeps the authority (default\: pillion)]:secret:"
  "--lease[the Lease of the replica that writes (default\: pillion)]:lease:"
  "*--webhook-configuration[a MutatingWebhookConfiguration of ours\; may be given several times (default\: pillion)]:NAME:"
  "--cluster-domain[DNS domain (default\: cluster.local)]:cluster_domain:"
  "--log-level[log_level]:log_level:(debug info warning error)"
  "--in-flight[requests at once\; more are answered 503 and tried again (default\: 512)]:N:"
  "--quiet-seconds[go on serving that long after SIGTERM (default\: 12, standalone 0)]:N:"
  "--renew-seconds[how old our serving certificate may get (default\: two thirds of its life)]:N:"
  "--leaf-seconds[life of the serving certificate, in seconds (default\: 172800)]:N:"
  "--authority-seconds[life of our authority, in seconds (default\: 31536000)]:N:"
  "--settle-seconds[how long a new authority is trusted before it signs, in seconds (default\: 30)]:N:"
)

# guard to ensure default positional specs are added only once per session
_shtab_pillion_serve_defaults_added=0

_shtab_pillion_uninject_options=(
  "(- : *)"{-h,--help}"[show this help message and exit]"
  "--config[configuration file (default\: \$PILLION_CONFIG, else the built-in defaults)]:FILE:"
  {-r,--revision}"[the injecting revision, instead of the configured one]:revision:"
  "*"{-f,--filename}"[a manifest, a directory of them, or - for standard input\; may be given several times]:FILE:"
  {-R,--recursive}"[read the folders of a directory too]"
  {-n,--namespace}"[namespace of objects that name none (default\: default)]:namespace:"
  "--namespace-labels[labels of that namespace\; without them, and without a Namespace among the manifests, it is taken as opted in]:KEY=VALUE,…:"
  "--strict[parse documents that cannot hold a pod too, and fail on what is wrong in them]"
  {-o,--output}"[as for inject]:OUT:"
  {-q,--quiet}"[no summary on standard error]"
)

# guard to ensure default positional specs are added only once per session
_shtab_pillion_uninject_defaults_added=0


_shtab_pillion() {
  local context state line curcontext="$curcontext" one_or_more='(*)' remainder='(-)*:' default='*::: :->pillion'

  # Add default positional/remainder specs only if none exist, and only once per session
  if (( ! _shtab_pillion_defaults_added )); then
    if (( ${_shtab_pillion_options[(I)${(q)one_or_more}*]} +          ${_shtab_pillion_options[(I)${(q)remainder}*]} +          ${_shtab_pillion_options[(I)${(q)default}]} == 0 )); then
      _shtab_pillion_options+=(': :_shtab_pillion_commands' '*::: :->pillion')
    fi
    _shtab_pillion_defaults_added=1
  fi
  _arguments -C -s $_shtab_pillion_options

  case $state in
    pillion)
      words=($line[1] "${words[@]}")
      (( CURRENT += 1 ))
      curcontext="${curcontext%:*:*}:_shtab_pillion-$line[1]:"
      case $line[1] in
        bootstrap) _arguments -C -s $_shtab_pillion_bootstrap_options ;;
        completion) _arguments -C -s $_shtab_pillion_completion_options ;;
        config) _arguments -C -s $_shtab_pillion_config_options ;;
        diff) _arguments -C -s $_shtab_pillion_diff_options ;;
        explain) _arguments -C -s $_shtab_pillion_explain_options ;;
        inject) _arguments -C -s $_shtab_pillion_inject_options ;;
        redirect) _arguments -C -s $_shtab_pillion_redirect_options ;;
        serve) _arguments -C -s $_shtab_pillion_serve_options ;;
        uninject) _arguments -C -s $_shtab_pillion_uninject_options ;;
      esac
  esac
}



typeset -A opt_args

if [[ $zsh_eval_context[-1] == eval ]]; then
  # eval/source/. command, register function for later
  compdef _shtab_pillion -N pillion
else
  # autoload from fpath, call function directly
  _shtab_pillion "$@"
fi
