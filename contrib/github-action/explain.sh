#!/usr/bin/env bash
# What the GitHub Action (action.yml at the root) does: explains the captures that a job has left, in the summary of the
# job and as one HTML report for each capture. It is a script so that a test can run it as a job does
# (crates/whyrst-cli/tests/action.rs); how to use it is in docs/github-action.md.
#
# Names of files are whatever a job made of them. They reach programs as arguments of their own and after `--`, the log
# only through `annotate` (no workflow command can be smuggled in) and the summary only through `as_text` (no markup).
set -euo pipefail
shopt -s globstar nullglob dotglob

# A step's summary of more than 1 MiB is not shown at all:
# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits
readonly summary_limit=$((1024 * 1024))
# For the sentence that says what was left out.
readonly reserve=4096
# Captures explained; each is read three times and makes an HTML file of a quarter of a megabyte or more.
readonly most=100
# Seconds that one reading of one capture may take.
readonly patience=600
# Characters of a message that are quoted.
readonly quoted=500
# Where a test has releases of its own.
readonly releases="${WHYRST_RELEASES:-https://github.com/whyrst/whyrst/releases/download}"

main() {
    [[ "${INPUT_LANG:=en}" == en || "$INPUT_LANG" == zh ]] || fail "the input lang is en or zh, not '$INPUT_LANG'"
    # The runner empties RUNNER_TEMP after the job; until then the reports are uploaded from there.
    work="$(mktemp -d "$RUNNER_TEMP/whyrst.XXXXXXXX")"
    reports="$work/whyrst-report"
    mkdir "$reports"
    find_captures
    ((${#captures[@]} == 0)) || find_program
    title "$(pick 'Why connections were reset' '连接为什么被重置')"
    local capture number=0 made
    for capture in "${captures[@]}"; do
        number=$((number + 1))
        explain "$number" "$capture"
    done
    say_what_is_missing
    made=("$reports"/*)
    {
        printf 'captures=%d\nunreadable=%d\n' "${#captures[@]}" "$unreadable"
        printf 'reports=%s\n' "$([[ ${#made[@]} -eq 0 ]] || printf '%s' "$reports")"
    } >>"$GITHUB_OUTPUT"
    echo "whyrst: captures: ${#captures[@]}, not readable: $unreadable, HTML reports: ${#made[@]}"
}

unreadable=0
# Captures that have no place in the summary any more.
without_place=0
# Captures beyond `most`.
beyond=0
captures=()
# Lines of the input that fit nothing.
fruitless=()

# The program that was named, or the release that was asked for.
find_program() {
    if [[ -n "${INPUT_WHYRST:-}" ]]; then
        program="$(command -v -- "$INPUT_WHYRST")" || fail "there is no program '$INPUT_WHYRST' (the input whyrst)"
        return
    fi
    local version="${INPUT_VERSION#v}" machine name
    [[ "$version" =~ ^[0-9A-Za-z.+-]+$ ]] || fail "the input version is not one such as 0.1.0: '$version'"
    [[ "$(uname -s)" == Linux ]] || fail "there are releases for Linux only; on another system give the input whyrst"
    machine="$(uname -m)"
    name="whyrst-$machine-linux"
    program="$work/$name"
    fetch "$releases/v$version/$name" "$program"
    fetch "$releases/v$version/SHA256SUMS" "$work/SHA256SUMS"
    (cd "$work" && grep -F -- "  $name" SHA256SUMS | sha256sum --check --strict --quiet) \
        || fail "$releases/v$version/$name is not what its SHA256SUMS says"
    chmod 0755 "$program"
}

fetch() {
    curl --fail --location --silent --show-error --retry 3 --max-time 300 --output "$2" -- "$1" \
        || fail "cannot download $1; is there such a release for this machine?"
}

# Each line of the input is the name of a file or a folder, or a pattern of files. What several find is taken once.
find_captures() {
    local pattern path fits
    local -A seen=()
    local -a candidates
    while IFS= read -r pattern; do
        pattern="${pattern%$'\r'}"
        [[ -n "${pattern//[[:space:]]/}" ]] || continue
        fits=
        if [[ -e "$pattern" ]]; then
            candidates=("$pattern")
        else
            # No word is split: the line is one pattern, whatever is in it.
            local IFS=''
            # shellcheck disable=SC2206 # it is a pattern
            candidates=($pattern)
        fi
        for path in "${candidates[@]}"; do
            # `**` finds folders beside their files, which are no captures of their own.
            [[ -f "$path" || (-d "$path" && "$path" == "$pattern") ]] || continue
            fits=yes
            # So that no program takes it for an option, or for standard input.
            [[ "$path" == /* ]] || path="./$path"
            [[ -z "${seen["$path"]:-}" ]] || continue
            seen["$path"]=yes
            if ((${#captures[@]} < most)); then captures+=("$path"); else beyond=$((beyond + 1)); fi
        done
        [[ -n "$fits" ]] || fruitless+=("$pattern")
    done <<<"${INPUT_CAPTURES:-}"
}

# One capture: totals, the reports folded below them, and a file for the browser. A folder is one rotated set.
explain() {
    local number="$1" capture="$2" page="$work/section" short="$work/short" html
    html="$number-$(as_file_name "$capture").html"
    printf '### %s\n\n' "$(as_text "${capture#./}")" >"$page"
    run --summary --format markdown -o "$work/totals" -- "$capture" || {
        say_why_not "$?" "$capture"
        return
    }
    cat -- "$work/totals" >>"$page"
    printf '\n' >>"$page"
    # That of the capture before would be taken for this one's.
    rm -f -- "$work/reports.md"
    run --format markdown -o "$work/reports.md" -- "$capture" || {
        say_why_not "$?" "$capture"
        return
    }
    if [[ ! -s "$work/reports.md" ]]; then
        add "$page" || without_place=$((without_place + 1))
        return
    fi
    if run --format html -o "$reports/$html" -- "$capture"; then
        printf '%s `%s`\n\n' "$(pick 'In a browser (artifact of this run):' '用浏览器查看（本次运行的 artifact）：')" \
            "$html" >>"$page"
        {
            cat -- "$page"
            printf '%s\n\n' "$(pick 'The single reports are too long for this summary: they are in that file.' \
                '逐条报告太长，本摘要放不下：都在该文件中。')"
        } >"$short"
    else
        annotate "no HTML report: $capture: it ended with status $?"
        cp -- "$page" "$short"
    fi
    {
        printf '<details><summary>%s</summary>\n\n' "$(pick 'Every reset' '每个重置')"
        cat -- "$work/reports.md"
        printf '\n</details>\n\n'
    } >>"$page"
    add "$page" || add "$short" || without_place=$((without_place + 1))
}

# A capture that cannot be read hides no other one.
say_why_not() {
    local status="$1" capture="$2" why page="$work/section"
    unreadable=$((unreadable + 1))
    why="$(head -n 1 -- "$work/said")"
    why="${why#whyrst: }"
    ((status != 124)) || why="it took longer than $patience seconds"
    annotate "not explained: $capture: ${why:-it ended with status $status}"
    printf '%s %s\n\n' "$(pick 'Not explained:' '未能解释：')" "$(as_text "${why:-status $status}")" >>"$page"
    add "$page" || without_place=$((without_place + 1))
}

# What it says on standard error is for `annotate`, not for the log as it is. Status 1 says that some reset stayed
# unexplained, which the report says as well.
run() {
    local status=0
    timeout --kill-after=10 "$patience" "$program" explain --quiet --lang "$INPUT_LANG" "$@" \
        2>"$work/said" </dev/null || status=$?
    ((status <= 1)) || return "$status"
}

say_what_is_missing() {
    local there=$((${#captures[@]} + beyond))
    if ((there == 0)); then
        annotate "no capture was found: the input captures fits no file"
        note "$(pick 'No capture was found.' '没有找到抓包。')"
    fi
    if ((${#fruitless[@]} > 0)); then
        annotate "fits no file: ${fruitless[*]}"
        note "$(pick 'Fits no file:' '不匹配任何文件：') $(as_text "${fruitless[*]}")"
    fi
    if ((beyond > 0)); then
        annotate "$there captures were found, and the first $most explained"
        note "$(pick "$there captures were found, and the first $most explained." \
            "找到 $there 个抓包，只解释了前 $most 个。")"
    fi
    if ((without_place > 0)); then
        annotate "$without_place captures have no place in the summary, which may have 1 MiB"
        note "$(pick "$without_place captures have no place in this summary; the artifact has their reports." \
            "另有 $without_place 个抓包本摘要放不下；其报告在 artifact 中。")"
    fi
}

title() {
    printf '## %s\n\n' "$1" >"$work/section"
    # Where earlier steps have filled the summary, `say_what_is_missing` says so.
    add "$work/section" || true
}

# Into what `add` keeps free.
note() {
    printf '%s\n\n' "$1" >>"$GITHUB_STEP_SUMMARY"
}

# Adds a file to the summary, or nothing of it where it does not fit.
add() {
    local there more
    there="$(size "$GITHUB_STEP_SUMMARY")"
    more="$(size "$1")"
    ((there + more + reserve <= summary_limit)) || return 1
    cat -- "$1" >>"$GITHUB_STEP_SUMMARY"
}

size() {
    if [[ -e "$1" ]]; then wc -c <"$1"; else echo 0; fi
}

pick() {
    if [[ "$INPUT_LANG" == zh ]]; then printf '%s' "$2"; else printf '%s' "$1"; fi
}

# One line without markup: control characters are shown as `?`, and ASCII punctuation is escaped as CommonMark allows.
# iconv leaves out what is no UTF-8, and its status says only that there was some.
as_text() {
    printf '%s' "${1:0:$quoted}" | tr '\000-\037\177' '?' | { iconv -c -f UTF-8 -t UTF-8 || true; } \
        | LC_ALL=C sed 's/[[:punct:]]/\\&/g'
}

# The end of a path as a name that artifacts may have.
as_file_name() {
    local name="${1%/}"
    name="${name##*/}"
    printf '%s' "${name:0:60}" | LC_ALL=C tr -c 'A-Za-z0-9._-' '_'
}

# A warning at the run. GitHub's runner reads commands from the log: `::` at the beginning of a line, and `##[` anywhere.
annotate() {
    command_line warning "$1"
}

fail() {
    command_line error "$1"
    exit 1
}

command_line() {
    local text="${2:0:$((quoted * 2))}"
    text="${text//'%'/%25}"
    text="${text//$'\r'/%0D}"
    text="${text//$'\n'/%0A}"
    text="${text//'##['/'# #['}"
    printf '::%s title=whyrst::%s\n' "$1" "$text"
}

main
