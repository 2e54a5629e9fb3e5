function Format-AgentNote {
    <#
    .SYNOPSIS
    The notes of a machine for what Read-AgentNote gives.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [hashtable] $Note)
    $said = [ordered]@{}
    foreach ($name in 'os_family', 'storage_class', 'created_at', 'memory_min_bytes', 'memory_max_bytes', 'boot_before') {
        if ($null -ne $Note[$name]) { $said[$name] = $Note[$name] }
    }
    if (@($Note.tags).Count -gt 0) { $said['tags'] = @($Note.tags) }
    if ($Note.deletion_protection) { $said['deletion_protection'] = $true }
    foreach ($name in 'disks', 'nics', 'snapshots') {
        if ($Note[$name].get_Count() -eq 0) { continue }
        $sorted = [ordered]@{}
        foreach ($key in @($Note[$name].get_Keys() | Sort-Object)) { $sorted[$key] = $Note[$name][$key] }
        $said[$name] = $sorted
    }
    $text = "---- farhand ----`n" + [regex]::Replace((ConvertTo-AgentJson -Value $said), '[^\x00-\x7e]', { param($found) '\u' + ([int][char]$found.Value).ToString('x4') })
    if (([string]$Note.Description).Length -eq 0) { return $text }
    [string]$Note.Description + "`n" + $text
}
