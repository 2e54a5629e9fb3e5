function Read-AgentNote {
    <#
    .SYNOPSIS
    What a machine's notes hold: the description, and below the marker line our own JSON line.
    .DESCRIPTION
    Keys: Description, os_family, tags, deletion_protection, storage_class, created_at, memory_min_bytes, memory_max_bytes,
    disks (id to name), nics (id to network), snapshots (id to description), boot_before (ids). What is not as it should be is
    as if it had never been said.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([Parameter(Mandatory = $true)] [AllowNull()] [AllowEmptyString()] [string] $Text)
    $note = @{
        Description = $Text; os_family = $null; tags = @(); deletion_protection = $false; storage_class = $null; created_at = $null
        memory_min_bytes = $null; memory_max_bytes = $null; disks = @{}; nics = @{}; snapshots = @{}; boot_before = $null
    }
    # Our line ends are \n, and a \r before ours is of the description; \r\n after the mark says that another tool made all of them so.
    $match = [regex]::Match($Text, '(?:(?:\A|\n)---- farhand ----\n|(?:\A|\r?\n)---- farhand ----\r\n)(?<json>\{[^\r\n]*\})[ \t]*(?=\r?\n|\z)', [System.Text.RegularExpressions.RegexOptions]::RightToLeft)
    if (-not $match.Success) { return $note }
    try { $said = ConvertFrom-AgentJson -Text $match.Groups['json'].Value } catch { return $note }
    # What somebody wrote below it on the host is description too: protection must not end by a line of text.
    $note.Description = $Text.Substring(0, $match.Index) + $Text.Substring($match.Index + $match.Length).TrimEnd()
    if (@('linux', 'windows', 'other') -ccontains $said['os_family']) { $note.os_family = $said['os_family'] }
    if ($said['tags'] -is [array]) { $note.tags = @($said['tags'] | Where-Object { $_ -is [string] -and $_.Length -le 63 } | Select-Object -First 32) }
    $note.deletion_protection = $true -eq ($said['deletion_protection'] -is [bool] -and $said['deletion_protection'])
    foreach ($name in 'storage_class', 'created_at') { if ($said[$name] -is [string]) { $note[$name] = $said[$name] } }
    foreach ($name in 'memory_min_bytes', 'memory_max_bytes') { if ($said[$name] -is [long]) { $note[$name] = $said[$name] } }
    foreach ($name in 'disks', 'nics', 'snapshots') {
        if ($said[$name] -isnot [System.Collections.IDictionary]) { continue }
        foreach ($key in @($said[$name].get_Keys())) { if ($said[$name].get_Item($key) -is [string]) { $note[$name][$key] = $said[$name].get_Item($key) } }
    }
    if ($said['boot_before'] -is [array]) { $note.boot_before = @($said['boot_before'] | Where-Object { $_ -is [string] }) }
    $note
}
