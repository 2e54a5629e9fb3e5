function ConvertFrom-AgentJson {
    <#
    .SYNOPSIS
    A JSON document as dictionaries with case-sensitive keys, arrays, strings, numbers, booleans and null.
    .DESCRIPTION
    ConvertFrom-Json turns strings that look like dates into dates, and refuses keys that differ only in case.
    Refused: text that is no JSON, a key given twice, nesting beyond 64. Integers come as long.
    #>
    [CmdletBinding()]
    [OutputType([array])]
    param([Parameter(Mandatory = $true)] [AllowEmptyString()] [string] $Text)
    $pattern = '\G[ \t\r\n]*(?:(?<p>[{}\[\],:])|"(?<s>[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*)"' +
    '|(?<n>-?(?:0|[1-9][0-9]*)(?<f>(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?))|(?<w>true|false|null))'
    $token = [regex]::new($pattern, [System.Text.RegularExpressions.RegexOptions]::CultureInvariant)
    $culture = [System.Globalization.CultureInfo]::InvariantCulture
    $stack = [System.Collections.Stack]::new()
    $keys = [System.Collections.Stack]::new()
    $refuse = { param($at) throw (New-AgentFailure -Code AGENT_PROTOCOL -Message "The job is not JSON, at character $at.") }
    $container = $null
    $root = $null
    $key = $null
    # What may come: value, first (a value or the end), key, first-key, colon, next (a comma or the end), end.
    $expect = 'value'
    $at = 0
    while ($true) {
        $match = $token.Match($Text, $at)
        if (-not $match.Success) { break }
        $at = $match.Index + $match.Length
        $mark = $match.Groups['p'].Value
        if ($mark -ceq ':') { if ($expect -cne 'colon') { & $refuse $at }; $expect = 'value'; continue }
        if ($mark -ceq ',') {
            if ($expect -cne 'next') { & $refuse $at }
            if ($container -is [System.Collections.IDictionary]) { $expect = 'key' } else { $expect = 'value' }
            continue
        }
        if ($mark -ceq '}' -or $mark -ceq ']') {
            $isObject = $container -is [System.Collections.IDictionary]
            if ($null -eq $container -or ($mark -ceq '}') -ne $isObject) { & $refuse $at }
            $mayEnd = $expect -ceq 'next' -or $expect -ceq 'first' -or $expect -ceq 'first-key'
            if (-not $mayEnd) { & $refuse $at }
            if ($isObject) { $value = $container } else { $value = $container.ToArray() }
            $container = $stack.Pop()
            $key = $keys.Pop()
        }
        elseif ($expect -ceq 'key' -or $expect -ceq 'first-key') {
            if (-not $match.Groups['s'].Success) { & $refuse $at }
            $key = $match.Groups['s'].Value
            if ($key.IndexOf('\') -ge 0) { $key = [regex]::Unescape($key) }
            if ($container.Contains($key)) { & $refuse $at }
            $expect = 'colon'
            continue
        }
        elseif ($expect -cne 'value' -and $expect -cne 'first') { & $refuse $at }
        elseif ($mark -ceq '{' -or $mark -ceq '[') {
            $stack.Push($container)
            $keys.Push($key)
            if ($stack.Count -gt 64) { & $refuse $at }
            if ($mark -ceq '{') {
                $container = [System.Collections.Specialized.OrderedDictionary]::new([System.StringComparer]::Ordinal)
                $expect = 'first-key'
            }
            else {
                $container = [System.Collections.Generic.List[object]]::new()
                $expect = 'first'
            }
            continue
        }
        elseif ($match.Groups['s'].Success) {
            $value = $match.Groups['s'].Value
            if ($value.IndexOf('\') -ge 0) { $value = [regex]::Unescape($value) }
        }
        elseif ($match.Groups['n'].Success) {
            $number = $match.Groups['n'].Value
            [long] $whole = 0
            if ($match.Groups['f'].Length -eq 0 -and [long]::TryParse($number, [System.Globalization.NumberStyles]::AllowLeadingSign, $culture, [ref] $whole)) { $value = $whole }
            else { $value = [double]::Parse($number, $culture) }
        }
        elseif ($match.Groups['w'].Value -ceq 'null') { $value = $null }
        else { $value = $match.Groups['w'].Value -ceq 'true' }

        if ($null -eq $container) { $root = $value; $expect = 'end' }
        else {
            if ($container -is [System.Collections.IDictionary]) { $container.Add($key, $value) } else { $container.Add($value) }
            $expect = 'next'
        }
    }
    if ($expect -cne 'end' -or $Text.Substring($at).Trim([char[]] @(9, 10, 13, 32)).Length -gt 0) { & $refuse $at }
    , $root
}
