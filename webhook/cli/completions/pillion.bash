# Made from the parser.
# Usage:
# 1) Copy this to somewhere (e.g. ~/.local/share/bash_completion/pillion).
# 2) Add the following line to your .bashrc:
#    source ~/.local/share/bash_completion/pillion
# See also: https://github.com/scop/bash-completion/blob/main/doc/configuration.md

_shtab_pillion_subparsers=(inject uninject diff explain bootstrap redirect config serve completion)

_shtab_pillion_inject_option_strings=(-h --help --config -r --revision -f --filename -R --recursive -n --namespace --namespace-labels --strict -o --output --token --patch --report --verify -q --quiet)
_shtab_pillion_uninject_option_strings=(-h --help --config -r --revision -f --filename -R --recursive -n --namespace --namespace-labels --strict -o --output -q --quiet)
_shtab_pillion_diff_option_strings=(-h --help --config -r --revision -f --filename -R --recursive -n --namespace --namespace-labels --strict --token --check -q --quiet)
_shtab_pillion_explain_option_strings=(-h --help --config -r --revision -f --filename -R --recursive -n --namespace --namespace-labels --strict --token -o --output)
_shtab_pillion_bootstrap_option_strings=(-h --help --config -r --revision -f --filename -R --recursive -n --namespace --namespace-labels --strict --token --name --arguments)
_shtab_pillion_redirect_option_strings=(-h --help --config -r --revision -f --filename -R --recursive -n --namespace --namespace-labels --strict --name --arguments)
_shtab_pillion_config_option_strings=(-h --help --config -r --revision)
_shtab_pillion_serve_option_strings=(-h --help --mode --standalone --listen --metrics-listen --config --ca-out --certificates --namespace --service --secret --lease --webhook-configuration --cluster-domain --log-level --in-flight --quiet-seconds --renew-seconds --leaf-seconds --authority-seconds --settle-seconds)
_shtab_pillion_completion_option_strings=(-h --help)
_shtab_pillion_option_strings=(-h --help --version)



_shtab_pillion_explain__o_choices=(text json)
_shtab_pillion_explain___output_choices=(text json)
_shtab_pillion_redirect_pos_0_choices=(plan)
_shtab_pillion_config_pos_0_choices=(show validate schema)
_shtab_pillion_serve___mode_choices=(self cert-manager provided standalone)
_shtab_pillion_serve___log_level_choices=(debug info warning error)
_shtab_pillion_completion_pos_0_choices=(bash zsh)
_shtab_pillion_pos_0_choices=(inject uninject diff explain bootstrap redirect config serve completion)

_shtab_pillion_inject__h_nargs=0
_shtab_pillion_inject___help_nargs=0
_shtab_pillion_inject__R_nargs=0
_shtab_pillion_inject___recursive_nargs=0
_shtab_pillion_inject___strict_nargs=0
_shtab_pillion_inject___patch_nargs=0
_shtab_pillion_inject___report_nargs=0
_shtab_pillion_inject___verify_nargs=0
_shtab_pillion_inject__q_nargs=0
_shtab_pillion_inject___quiet_nargs=0
_shtab_pillion_uninject__h_nargs=0
_shtab_pillion_uninject___help_nargs=0
_shtab_pillion_uninject__R_nargs=0
_shtab_pillion_uninject___recursive_nargs=0
_shtab_pillion_uninject___strict_nargs=0
_shtab_pillion_uninject__q_nargs=0
_shtab_pillion_uninject___quiet_nargs=0
_shtab_pillion_diff__h_nargs=0
_shtab_pillion_diff___help_nargs=0
_shtab_pillion_diff__R_nargs=0
_shtab_pillion_diff___recursive_nargs=0
_shtab_pillion_diff___strict_nargs=0
_shtab_pillion_diff___check_nargs=0
_shtab_pillion_diff__q_nargs=0
_shtab_pillion_diff___quiet_nargs=0
_shtab_pillion_explain_pos_0_nargs='*'
_shtab_pillion_explain__h_nargs=0
_shtab_pillion_explain___help_nargs=0
_shtab_pillion_explain__R_nargs=0
_shtab_pillion_explain___recursive_nargs=0
_shtab_pillion_explain___strict_nargs=0
_shtab_pillion_bootstrap__h_nargs=0
_shtab_pillion_bootstrap___help_nargs=0
_shtab_pillion_bootstrap__R_nargs=0
_shtab_pillion_bootstrap___recursive_nargs=0
_shtab_pillion_bootstrap___strict_nargs=0
_shtab_pillion_bootstrap___arguments_nargs=0
_shtab_pillion_redirect__h_nargs=0
_shtab_pillion_redirect___help_nargs=0
_shtab_pillion_redirect__R_nargs=0
_shtab_pillion_redirect___recursive_nargs=0
_shtab_pillion_redirect___strict_nargs=0
_shtab_pillion_redirect___arguments_nargs=0
_shtab_pillion_config__h_nargs=0
_shtab_pillion_config___help_nargs=0
_shtab_pillion_serve__h_nargs=0
_shtab_pillion_serve___help_nargs=0
_shtab_pillion_serve___standalone_nargs=0
_shtab_pillion_completion__h_nargs=0
_shtab_pillion_completion___help_nargs=0
_shtab_pillion_pos_0_nargs=A...
_shtab_pillion__h_nargs=0
_shtab_pillion___help_nargs=0
_shtab_pillion___version_nargs=0


# $1=COMP_WORDS[1]
_shtab_compgen_files() {
  compgen -f -- $1  # files
}

# $1=COMP_WORDS[1]
_shtab_compgen_dirs() {
  compgen -d -- $1  # recurse into subdirs
}

# $1=COMP_WORDS[1]
_shtab_replace_nonword() {
  echo "${1//[^[:word:]]/_}"
}

# set default values (called for the initial parser & any subparsers)
_set_parser_defaults() {
  local subparsers_var="${prefix}_subparsers[@]"
  sub_parsers=${!subparsers_var-}

  local current_option_strings_var="${prefix}_option_strings[@]"
  current_option_strings=${!current_option_strings_var}

  completed_positional_actions=0

  _set_new_action "pos_$completed_positional_actions" true
}

# $1=action identifier
# $2=positional action (bool)
# set all identifiers for an action's parameters
_set_new_action() {
  current_action="${prefix}_$(_shtab_replace_nonword $1)"

  local current_action_compgen_var=${current_action}_COMPGEN
  current_action_compgen="${!current_action_compgen_var-}"

  local current_action_choices_var="${current_action}_choices[@]"
  current_action_choices="${!current_action_choices_var-}"

  local current_action_nargs_var="${current_action}_nargs"
  if [ -n "${!current_action_nargs_var-}" ]; then
    current_action_nargs="${!current_action_nargs_var}"
  else
    current_action_nargs=1
  fi

  current_action_args_start_index=$(( $word_index + 1 - $pos_only ))

  current_action_is_positional=$2
}

# Notes:
# `COMPREPLY`: what will be rendered after completion is triggered
# `completing_word`: currently typed word to generate completions for
# `${!var}`: evaluates the content of `var` and expand its content as a variable
#     hello="world"
#     x="hello"
#     ${!x} -> ${hello} -> "world"
_shtab_pillion() {
  local completing_word="${COMP_WORDS[COMP_CWORD]}"
  local previous_word="${COMP_WORDS[COMP_CWORD-1]}"
  local completed_positional_actions
  local current_action
  local current_action_args_start_index
  local current_action_choices
  local current_action_compgen
  local current_action_is_positional
  local current_action_nargs
  local current_option_strings
  local sub_parsers
  COMPREPLY=()

  local prefix=_shtab_pillion
  local word_index=0
  local pos_only=0 # "--" delimiter not encountered yet
  _set_parser_defaults
  word_index=1

  # determine what arguments are appropriate for the current state
  # of the arg parser
  while [ $word_index -ne $COMP_CWORD ]; do
    local this_word="${COMP_WORDS[$word_index]}"

    if [[ $pos_only = 1 || " $this_word " != " -- " ]]; then
      if [[ -n $sub_parsers && " ${sub_parsers[@]} " == *" $this_word "* ]]; then
        # valid subcommand: add it to the prefix & reset the current action
        prefix="${prefix}_$(_shtab_replace_nonword $this_word)"
        _set_parser_defaults
      fi

      if [[ " ${current_option_strings[@]} " == *" $this_word "* ]]; then
        # a new action should be acquired (due to recognised option string or
        # no more input expected from current action);
        # the next positional action can fill in here
        _set_new_action $this_word false
      fi

      if [[ "$current_action_nargs" != "*" ]] && \
         [[ "$current_action_nargs" != "+" ]] && \
         [[ "$current_action_nargs" != "?" ]] && \
         [[ "$current_action_nargs" != *"..." ]] && \
         (( $word_index + 1 - $current_action_args_start_index - $pos_only >= \
            $current_action_nargs )); then
        $current_action_is_positional && let "completed_positional_actions += 1"
        _set_new_action "pos_$completed_positional_actions" true
      fi
    else
      pos_only=1 # "--" delimiter encountered
    fi

    let "word_index+=1"
  done

  # Generate the completions

  COMPREPLY=()
  if [[ $pos_only = 0 && "$completing_word" == -* &&
        ( -z "$current_action_compgen" || "$current_action_is_positional" = true ) ]]; then
    # optional argument started: use option strings
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
      compgen -W "${current_option_strings[*]}" -- "$completing_word")
  elif [[ "$previous_word" =~ ^[0-9\&]*[\<\>]\>?$ ]]; then
    # handle redirection operators
    compopt -o filenames 2>/dev/null || : # bash>=4
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$completing_word")
  else
    # use choices & compgen
    local action_compgen_word="$completing_word"
    # handle tab-completing in the middle of a line (#248 <- #116)
    [[ -n "$current_action_compgen" && "$completing_word" == -* ]] && action_compgen_word=""
    [ -n "$current_action_compgen" ] && {
      [[ "$current_action_compgen" =~ _(file|dir|glob|FILE|DIR|GLOB)|File|Dir|Glob ]] &&
        compopt -o filenames 2>/dev/null || : # bash>=4
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
        "$current_action_compgen" "$action_compgen_word")
    }
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
      compgen -W "${current_action_choices[*]}" -- "$completing_word")
  fi

  if [[ ${#COMPREPLY[@]} = 0 ]]; then
    # native fallback matches are not necessarily filenames (e.g. variables)
    compopt +o filenames 2>/dev/null || : # bash>=4
  fi

  return 0
}

complete -o bashdefault -F _shtab_pillion pillion