function Resolve-AgentReference {
    <#
    .SYNOPSIS
    A value in which each {"$result": n, "path": "a.b.0"} is what step n answered there.
    #>
    [CmdletBinding()]
    [OutputType([object[]], [array])]
    param(
        [Parameter(Mandatory = $true)] [AllowNull()] [AllowEmptyString()] [AllowEmptyCollection()] [object] $Value,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [System.Collections.Generic.List[object]] $Results
    )
    if ($Value -is [System.Collections.IDictionary]) {
        if (-not $Value.Contains('$result')) {
            $copy = [System.Collections.Specialized.OrderedDictionary]::new([System.StringComparer]::Ordinal)
            foreach ($key in @($Value.get_Keys())) { $copy.Add($key, (Resolve-AgentReference -Value $Value.get_Item($key) -Results $Results)) }
            return , $copy
        }
        $index = $Value['$result']
        if ($index -isnot [long] -or $index -lt 0 -or $index -ge $Results.Count -or $Value['path'] -isnot [string]) {
            throw (New-AgentFailure -Code SPEC_INVALID -Message 'A reference names an earlier step and a path.')
        }
        $at = $Results[[int]$index]['data']
        foreach ($part in $Value['path'].Split('.')) {
            if ($at -is [System.Collections.IDictionary] -and $at.Contains($part)) { $at = $at.get_Item($part) }
            elseif ($at -is [array] -and $part -cmatch '\A[0-9]{1,4}\z' -and [int]$part -lt $at.Count) { $at = $at[[int]$part] }
            else { throw (New-AgentFailure -Code SPEC_INVALID -Message "Step $index answered nothing at $($Value['path']).") }
        }
        return , $at
    }
    if ($Value -is [array]) {
        $list = [System.Collections.Generic.List[object]]::new()
        foreach ($member in $Value) { $list.Add((Resolve-AgentReference -Value $member -Results $Results)) }
        return , $list.ToArray()
    }
    , $Value
}
