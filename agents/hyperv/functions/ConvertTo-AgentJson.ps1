function ConvertTo-AgentJson {
    <#
    .SYNOPSIS
    Plain data (dictionaries, lists, strings, numbers, booleans, null) as JSON in one line.
    .DESCRIPTION
    ConvertTo-Json differs between 5.1 and 7 (dates, enums, decorated strings) and cuts at a depth. Anything that is not plain
    becomes its text. Halves of surrogate pairs are escaped, so that UTF-8 cannot lose them.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [AllowNull()] [AllowEmptyString()] [AllowEmptyCollection()] [object] $Value)
    $text = [System.Text.StringBuilder]::new()
    $culture = [System.Globalization.CultureInfo]::InvariantCulture
    $special = [regex] '["\\\x00-\x1f\u2028\u2029]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]'
    $escape = {
        param($found)
        $char = $found.Value
        if ($char -ceq '"' -or $char -ceq '\') { return '\' + $char }
        if ($char -ceq "`n") { return '\n' }
        '\u' + ([int][char]$char).ToString('x4')
    }
    # What is still to be written, last first: texts as they are (in one-element arrays), or values.
    $todo = [System.Collections.Stack]::new()
    $todo.Push($Value)
    while ($todo.Count -gt 0) {
        $item = $todo.Pop()
        if ($item -is [System.Tuple[string, object]]) {
            $null = $text.Append($item.Item1)
            if ($null -eq $item.Item2) { continue }
            $item = $item.Item2.Item1
        }
        if ($null -eq $item) { $null = $text.Append('null') }
        elseif ($item -is [string] -or $item -is [char]) {
            $null = $text.Append('"').Append($special.Replace([string]$item, $escape)).Append('"')
        }
        elseif ($item -is [bool]) { if ($item) { $null = $text.Append('true') } else { $null = $text.Append('false') } }
        elseif ($item -is [System.Collections.IDictionary]) {
            $null = $text.Append('{')
            $todo.Push([System.Tuple[string, object]]::new('}', $null))
            $names = @($item.get_Keys())
            for ($index = $names.Length - 1; $index -ge 0; $index--) {
                $name = '"' + $special.Replace([string]$names[$index], $escape) + '":'
                if ($index -gt 0) { $name = ',' + $name }
                $todo.Push([System.Tuple[string, object]]::new($name, [System.Tuple[object]]::new($item.get_Item($names[$index]))))
            }
        }
        elseif ($item -is [System.Collections.IEnumerable]) {
            $null = $text.Append('[')
            $todo.Push([System.Tuple[string, object]]::new(']', $null))
            $members = @($item)
            for ($index = $members.Length - 1; $index -ge 0; $index--) {
                $before = ''
                if ($index -gt 0) { $before = ',' }
                $todo.Push([System.Tuple[string, object]]::new($before, [System.Tuple[object]]::new($members[$index])))
            }
        }
        elseif ($item -is [double] -or $item -is [single] -or $item -is [decimal]) {
            if ([double]::IsNaN($item) -or [double]::IsInfinity($item)) { $null = $text.Append('null') }
            else { $null = $text.Append(([System.IConvertible]$item).ToString($culture)) }
        }
        elseif ($item -is [System.ValueType] -and $item.GetType().IsPrimitive) { $null = $text.Append(([System.IConvertible]$item).ToString($culture)) }
        else { $null = $text.Append('"').Append($special.Replace([string]$item, $escape)).Append('"') }
    }
    $text.ToString()
}
