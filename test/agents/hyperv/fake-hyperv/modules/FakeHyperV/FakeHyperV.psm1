# What a test does to the fake that no agent may: making worlds, looking behind the cmdlets, being the guest.
Set-StrictMode -Version Latest

. ([System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '..', '..', 'world', 'types.ps1')))
Initialize-FakeType
foreach ($name in 'store', 'errors', 'machines', 'devices', 'settings', 'disks', 'snapshots') {
    . ([System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '..', '..', 'world', "$name.ps1")))
}

function New-FakeHyperVWorld {
    <#
    .SYNOPSIS
    Makes an empty world in a folder and points this process, and those that it starts, at it.
    .PARAMETER Folder
    Made when it is not there; the state is world.json in it.
    .PARAMETER Definition
    What differs from the usual world: host, timing, switches, vms, faults, record, cim (see README.md).
    .OUTPUTS
    The path of the state file.
    #>
    [CmdletBinding(SupportsShouldProcess = $true)]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true, Position = 0)]
        [string]$Folder,
        [Parameter()]
        [System.Collections.IDictionary]$Definition = @{}
    )
    if (-not $PSCmdlet.ShouldProcess($Folder)) { return }
    $null = [System.IO.Directory]::CreateDirectory($Folder)
    $path = [System.IO.Path]::Combine([System.IO.Path]::GetFullPath($Folder), 'world.json')
    [System.IO.File]::WriteAllText($path, (ConvertTo-Json -InputObject $Definition -Depth 30), [System.Text.UTF8Encoding]::new($false))
    [System.Environment]::SetEnvironmentVariable('FAKE_HYPERV_STATE', $path)
    $modules = [System.IO.Path]::GetDirectoryName($PSScriptRoot)
    $separator = [System.IO.Path]::PathSeparator
    if ($modules -notin $env:PSModulePath.Split($separator)) { $env:PSModulePath = "$modules$separator$env:PSModulePath" }
    return $path
}

function Get-FakeHyperVWorld {
    <#
    .SYNOPSIS
    A copy of the world as it is now, with everything that was due.
    #>
    [CmdletBinding()]
    [OutputType([psobject])]
    param()
    $answer = Invoke-FakeWorld -FakeBody { param($World) Copy-FakeRecord -Record $World }
    return $answer[0]
}

function Edit-FakeHyperVWorld {
    <#
    .SYNOPSIS
    Runs a script block with the world as its argument, under the world's lock, and keeps what it changed.
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, Position = 0)]
        [scriptblock]$Script
    )
    $null = Invoke-FakeWorld -FakeBody $Script
}

function Add-FakeHyperVFault {
    <#
    .SYNOPSIS
    Lets a cmdlet fail: -Skip calls succeed first, then -Times fail.
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, Position = 0)]
        [string]$Cmdlet,
        [Parameter()]
        [string]$Id = 'OperationFailed',
        [Parameter()]
        [string]$Message = 'Fehler auf Wunsch des Tests.',
        [Parameter()]
        [int]$Skip = 0,
        [Parameter()]
        [int]$Times = 1
    )
    $fault = [pscustomobject]@{ cmdlet = $Cmdlet; id = $Id; message = $Message; skip = $Skip; times = $Times; warning = '' }
    $null = Invoke-FakeWorld -FakeBody { param($World) $World.faults = @($World.faults) + $fault }
}

function Write-FakeHyperVDisk {
    <#
    .SYNOPSIS
    A guest writes a line to the disk that a machine has now (through its checkpoints' differencing disks).
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, Position = 0)]
        [string]$Path,
        [Parameter(Mandatory = $true, Position = 1)]
        [string]$Text
    )
    $vhd = Get-FakeVhd -Path $Path
    $vhd.data = @($vhd.data) + $Text
    Write-FakeVhd -Path $Path -Vhd $vhd
}

function Read-FakeHyperVDisk {
    <#
    .SYNOPSIS
    All lines that a guest would read from the disk, those of its parents first.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory = $true, Position = 0)]
        [string]$Path
    )
    foreach ($line in (Get-FakeVhdData -Path $Path)) { $line }
}
