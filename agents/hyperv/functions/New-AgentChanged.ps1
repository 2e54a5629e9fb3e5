function New-AgentChanged {
    <#
    .SYNOPSIS
    The result of a change: changedData, and partial or an error when something that was asked for was left.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param(
        [Parameter(Mandatory = $true)] [string] $Id,
        [Parameter(Mandatory = $true)] [AllowEmptyCollection()] [AllowNull()] [object[]] $Changes,
        [AllowEmptyCollection()] [object[]] $NotChanged = @(),
        [Parameter(Mandatory = $true)] [string] $Message,
        [System.Collections.IDictionary] $More = @{}
    )
    $list = @($Changes | Where-Object { $null -ne $_ })
    $data = [ordered]@{
        id            = $Id
        planned       = $false
        changed       = @($list | ForEach-Object { $_['field'] } | Select-Object -Unique)
        changes       = $list
        not_changed   = @($NotChanged)
        needs_restart = $false
    }
    foreach ($key in $More.Keys) { $data[$key] = $More[$key] }
    if ($NotChanged.Count -eq 0) { return New-AgentResult -Message $Message -Data $data }
    $status = 'partial'
    if ($list.Count -eq 0) { $status = 'error' }
    New-AgentResult -Status $status -Code $NotChanged[0]['code'] -Message $Message -Data $data
}
