function Get-AgentDiskBase {
    <#
    .SYNOPSIS
    The disk beneath the differencing files of checkpoints (.avhdx).
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [string] $Path)
    for ($depth = 0; $depth -lt 64; $depth++) {
        if ($Path -notmatch '\.avhdx?\z') { return $Path }
        $disk = Get-VHD -Path $Path -ErrorAction SilentlyContinue
        if ($null -eq $disk -or [string]$disk.ParentPath -eq '') { return $Path }
        $Path = [string]$disk.ParentPath
    }
    $Path
}
